// What MathJax makes of each line of a file of formulas: its MathML and its picture (see tests/report/formulas.py).
import fs from 'fs';
import {mathjax} from 'mathjax-full/js/mathjax.js';
import {TeX} from 'mathjax-full/js/input/tex.js';
import {SVG} from 'mathjax-full/js/output/svg.js';
import {liteAdaptor} from 'mathjax-full/js/adaptors/liteAdaptor.js';
import {RegisterHTMLHandler} from 'mathjax-full/js/handlers/html.js';
import {AllPackages} from 'mathjax-full/js/input/tex/AllPackages.js';
import {SerializedMmlVisitor} from 'mathjax-full/js/core/MmlTree/SerializedMmlVisitor.js';
import {STATE} from 'mathjax-full/js/core/MathItem.js';
const adaptor = liteAdaptor(); RegisterHTMLHandler(adaptor);
const visitor = new SerializedMmlVisitor();
const result = []; let doc, again;
const fresh = () => mathjax.document("", {InputJax: new TeX({packages: AllPackages}), OutputJax: new SVG({fontCache: "none"})});
let section = '';
for (const line of fs.readFileSync(process.argv[2], 'utf8').split('\n')) {
  if (!line) continue;
  if (line.startsWith('== ')) {
    section = line.slice(3);
    doc = fresh(); again = fresh();
    continue;
  }
  const display = !line.startsWith('inline: ');
  const tex = display ? line : line.slice(8);
  let mml = '', svg = '';
  try { mml = visitor.visitTree(doc.convert(tex, {display, end: STATE.CONVERT})); } catch (e) { mml = 'ERROR ' + e; }
  try { svg = adaptor.innerHTML(again.convert(tex, {display, em: 16, ex: 8, containerWidth: 1280})); } catch (e) { svg = ''; }
  result.push({section, tex, display, mml, svg});
}
process.stdout.write(JSON.stringify(result));
