-- Reads {fragments: [{format, text}]} as JSON from standard input and writes {document, found} to standard output: a pandoc
-- document with one Div for each fragment, and whether each could be read.
--
-- Fragments become pandoc's document tree (raw HTML in markdown read as HTML).
-- The empty list handed to pandoc.read shuts the reader in: it opens no file and no address.

local SHUT_IN = {}
local LOST = { "script", "iframe", "video", "audio", "canvas", "object", "embed", "form" }

local function read(text, format)
  local ok, doc = pcall(pandoc.read, text, format, nil, SHUT_IN)
  if ok then return doc end
end

local function printable_tags(html)
  return (html:gsub("<(/?)summary[^>]*>", function(slash) return slash == "" and "<p><b>" or "</b></p>" end)
              :gsub("<(/?)center[^>]*>", "<%1div>"))
end

local function html_blocks(blocks)
  local result, raw = pandoc.List(), ""
  local function flush()
    if raw ~= "" then
      local doc = read(raw, "html")
      if doc then result:extend(doc.blocks) end
      for _, tag in ipairs(LOST) do
        if raw:lower():find("<" .. tag .. "[%s/>]") then result:insert(pandoc.RawBlock("lost", tag)) end
      end
      raw = ""
    end
  end
  for _, block in ipairs(blocks) do
    if block.t == "RawBlock" and block.format == "html" then
      raw = raw .. "\n" .. printable_tags(block.text)
    else
      flush()
      result:insert(block)
    end
  end
  flush()
  return result
end

local function document(fragment)
  local doc = read(fragment.text .. "\n", fragment.format) -- a table's last row needs the end of its line
  if not doc then return nil end
  if fragment.text:find("<", 1, true) then doc = doc:walk({ Blocks = html_blocks }) end
  return doc.blocks
end

local request = pandoc.json.decode(io.read("a"), false)
local blocks, found = pandoc.List(), {}
for i, fragment in ipairs(request.fragments) do
  local content = document(fragment)
  found[i] = content ~= nil
  blocks:insert(pandoc.Div(content or {}))
end
io.write(pandoc.json.encode({ document = pandoc.write(pandoc.Pandoc(blocks), "json"), found = found }))
