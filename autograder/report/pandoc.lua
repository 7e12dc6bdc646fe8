-- Answers each line of standard input with a line on standard output, until there are no more. A line that comes is
-- {fragments: [{format, text}]} as JSON; its answer is {document, found}: a pandoc document with one Div for each fragment,
-- and whether each could be read.
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
              :gsub("<(/?)center[^>]*>", "<%1div>")
              :gsub("<[fF][oO][nN][tT]([^>]-)[cC][oO][lL][oO][rR]%s*=%s*[\"']?([#%w]+)[\"']?[^>]*>", '<span%1 style="color:%2">')
              :gsub("</[fF][oO][nN][tT]%s*>", "</span>")
              :gsub("<p(%s[^>]-)>(.-)</p%s*>", function(given, body) -- a paragraph of pandoc's has no attributes
                if given:find("style%s*=") or given:find("dir%s*=") then
                  return "<div" .. given .. "><p>" .. body .. "</p></div>"
                end
              end))
end

local function count(text, pattern)
  return select(2, text:lower():gsub(pattern, ""))
end

local function last_div(blocks)
  local last = blocks[#blocks]
  if last and last.t == "Div" then return last_div(last.content) or last end
end

-- A <div> that is opened in one block of HTML and closed in a later one holds the blocks between them.
local function html_blocks(blocks)
  local outer = pandoc.List()
  local result, raw, open = outer, "", {}
  local function flush()
    if raw ~= "" then
      local more = count(raw, "<div[%s>]") - count(raw, "</div%s*>")
      local doc = read(raw, "html")
      if doc then result:extend(doc.blocks) end
      local div = more > 0 and doc and last_div(doc.blocks)
      if div then
        table.insert(open, { div = div, around = result, inside = pandoc.List(div.content) })
        result = open[#open].inside
      elseif more < 0 and #open > 0 then
        local done = table.remove(open)
        done.div.content = done.inside
        result = done.around
      end
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
  while #open > 0 do
    local done = table.remove(open)
    done.div.content = done.inside
  end
  return outer
end

local function document(fragment)
  local doc = read(fragment.text .. "\n", fragment.format) -- a table's last row needs the end of its line
  if not doc then return nil end
  if fragment.format == "html" then doc = read(printable_tags(fragment.text) .. "\n", "html") or doc end
  if fragment.text:find("<", 1, true) then doc = doc:walk({ Blocks = html_blocks }) end
  return doc.blocks
end

for line in io.lines() do
  local request = pandoc.json.decode(line, false)
  local blocks, found = pandoc.List(), {}
  for i, fragment in ipairs(request.fragments) do
    local content = document(fragment)
    found[i] = content ~= nil
    blocks:insert(pandoc.Div(content or {}))
  end
  io.write(pandoc.json.encode({ document = pandoc.write(pandoc.Pandoc(blocks), "json"), found = found }), "\n")
  io.flush()
end
