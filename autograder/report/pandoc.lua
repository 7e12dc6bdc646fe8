-- Reads {fragments: [{format, text}], maths: [{tex, display}], definitions, target, separator} as JSON from standard input
-- and writes {document, found, maths} to standard output: a pandoc document with one Div for each fragment, whether each could be
-- read, and each formula's text or false.
--
-- Fragments become pandoc's document tree (raw HTML in markdown read as HTML); formulas become Typst or MathML.
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

local function formula_in(definitions, tex)
  if definitions == "" then return tex end
  local doc = read(definitions .. "\n\n$" .. tex:gsub("\n", " ") .. "$", "markdown")
  if doc then
    doc:walk({ Math = function(math) tex = math.text end })
  end
  return tex
end

-- One document with all formulas and one call of the writer: a call for each takes many times longer.
local function written(formulas, request)
  local blocks = pandoc.List()
  for _, formula in ipairs(formulas) do
    local kind = formula.display and "DisplayMath" or "InlineMath"
    blocks:insert(pandoc.Plain({ pandoc.Math(kind, formula_in(request.definitions, formula.tex)) }))
    blocks:insert(pandoc.RawBlock(request.target == "mathml" and "html" or "typst", request.separator))
  end
  local doc = pandoc.Pandoc(blocks)
  if request.target == "mathml" then
    return pandoc.write(doc, { format = "html", extensions = {} }, { html_math_method = "mathml" })
  end
  return pandoc.write(doc, "typst")
end

local function pieces(text, separator)
  local result, from = {}, 1
  while true do
    local first, last = text:find(separator, from, true)
    if not first then return result end
    table.insert(result, text:sub(from, first - 1))
    from = last + 1
  end
end

local function formula_text(text, target)
  if target == "mathml" then
    local found = text:match("<math.*</math>")
    return found and found:gsub("<annotation.-</annotation>", "")
  end
  text = text:gsub("^%s+", "")
  return text:sub(1, 1) == "$" and text:gsub("^%$%s*", ""):gsub("%s*%$%s*$", "") or nil
end

local request = pandoc.json.decode(io.read("a"), false)
local blocks, found = pandoc.List(), {}
for i, fragment in ipairs(request.fragments) do
  local content = document(fragment)
  found[i] = content ~= nil
  blocks:insert(pandoc.Div(content or {}))
end
local maths = {}
for i, text in ipairs(pieces(written(request.maths, request), request.separator)) do
  maths[i] = formula_text(text, request.target) or false
end
io.write(pandoc.json.encode({ document = pandoc.write(pandoc.Pandoc(blocks), "json"), found = found, maths = maths }))
