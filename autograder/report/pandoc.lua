-- Reads {fragments: [{format, text}], maths: [{tex, display}], definitions, target} as JSON from standard input and writes
-- {documents: [JSON text | false], maths: [text | false]} to standard output.
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
  local doc = read(fragment.text, fragment.format)
  if not doc then return nil end
  return doc:walk({ Blocks = html_blocks }).blocks
end

local function parsed_formula(formula, definitions)
  local kind = formula.display and "DisplayMath" or "InlineMath"
  local tex = formula.tex
  if definitions ~= "" then
    local doc = read(definitions .. "\n\n$" .. tex:gsub("\n", " ") .. "$", "markdown")
    if doc then
      doc:walk({ Math = function(math) tex = math.text end })
    end
  end
  return pandoc.Pandoc({ pandoc.Plain({ pandoc.Math(kind, tex) }) })
end

local function typst(doc)
  local text = pandoc.write(doc, "typst")
  if text:sub(1, 1) == "$" then return (text:gsub("^%$%s*", ""):gsub("%s*%$%s*$", "")) end
end

local function mathml(doc)
  local text = pandoc.write(doc, { format = "html", extensions = {} }, { html_math_method = "mathml" })
  local found = text:match("<math.*</math>")
  if found then return (found:gsub("<annotation.-</annotation>", "")) end
end

local function formula_text(formula, request)
  local ok, text = pcall(function()
    local doc = parsed_formula(formula, request.definitions)
    if request.target == "mathml" then return mathml(doc) end
    return typst(doc)
  end)
  if ok then return text end
end

local request = pandoc.json.decode(io.read("a"), false)
local answer = { documents = {}, maths = {} }
for i, fragment in ipairs(request.fragments) do
  local blocks = document(fragment)
  answer.documents[i] = blocks and pandoc.write(pandoc.Pandoc(blocks), "json") or false
end
for i, formula in ipairs(request.maths) do
  answer.maths[i] = formula_text(formula, request) or false
end
io.write(pandoc.json.encode(answer))
