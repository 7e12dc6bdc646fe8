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

local HOLDS = { "div", "table", "ul", "ol", "dl", "blockquote" }

-- How many of these tags are open after some HTML, `depth` before it; and whether any is.
local function deeper(depth, html)
  local made, open = {}, false
  for _, tag in ipairs(HOLDS) do
    made[tag] = (depth[tag] or 0) + count(html, "<" .. tag .. "[%s>]") - count(html, "</" .. tag .. "%s*>")
    open = open or made[tag] > 0
  end
  return made, open
end

-- The blocks of pieces of HTML, which are strings, with the blocks among the pieces in their places; nil if one has none.
local function with_blocks(pieces, raw)
  local html, name, placed = "", "held", 0
  while raw:find(name, 1, true) do name = name .. "x" end
  for i, piece in ipairs(pieces) do
    html = html .. "\n" .. (type(piece) == "string" and piece or "<div class=\"" .. name .. " " .. i .. "\"></div>")
  end
  local doc = read(html, "html")
  local blocks = doc and doc.blocks:walk({
    Div = function(div)
      if div.classes[1] ~= name then return nil end
      placed = placed + 1
      return { pieces[tonumber(div.classes[2])] }
    end,
  })
  local held = pieces:filter(function(piece) return type(piece) ~= "string" end)
  if placed == #held then return blocks end
end

-- What is opened in one block of HTML and closed in a later one, a cell of a table or a <div>, holds the blocks between.
local function html_blocks(blocks)
  local result, pieces = pandoc.List(), pandoc.List()
  local function flush()
    if #pieces == 0 then return end
    local raw = table.concat(pieces:filter(function(piece) return type(piece) == "string" end), "\n")
    local made = with_blocks(pieces, raw)
    if made then
      result:extend(made)
    else
      for _, piece in ipairs(pieces) do
        if type(piece) ~= "string" then
          result:insert(piece)
        else
          local doc = read(piece, "html")
          if doc then result:extend(doc.blocks) end
        end
      end
    end
    for _, tag in ipairs(LOST) do
      if raw:lower():find("<" .. tag .. "[%s/>]") then result:insert(pandoc.RawBlock("lost", tag)) end
    end
    pieces = pandoc.List()
  end
  local depth, open = {}, false
  for _, block in ipairs(blocks) do
    if block.t == "RawBlock" and block.format == "html" then
      pieces:insert(printable_tags(block.text))
      depth, open = deeper(depth, block.text)
    elseif open then
      pieces:insert(block)
    else
      flush()
      depth = {}
      result:insert(block)
    end
  end
  flush()
  return result
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
