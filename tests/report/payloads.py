# ruff: noqa: E501
"""Scripts that students might hide in a notebook. Each would set the page's title to "owned", or load something."""

import base64
import json

RUN = "document.title='owned'"
SCRIPT = f"<script>{RUN}</script>"
ENCODED = base64.b64encode(f"<script>parent.{RUN};top.{RUN}</script>".encode()).decode()

HTML = [
    SCRIPT,
    f"<SCRIPT SRC=data:text/javascript,{RUN}></SCRIPT>",
    f"<scr<script>ipt>{RUN}</scr</script>ipt>",
    f"<script\x0b>{RUN}</script >",
    f'<img src=x onerror="{RUN}">',
    f"<img src=x onerror={RUN}//",
    f'<img/src="x"/onerror="{RUN}">',
    f"<svg onload={RUN}>",
    f"<svg><script>{RUN}</script></svg>",
    f"<svg><animate onbegin={RUN} attributeName=x dur=1s>",
    f'<svg><a xlink:href="javascript:{RUN}"><text y=20>click</text></a></svg>',
    f'<svg><foreignObject><iframe srcdoc="{SCRIPT}"></iframe></foreignObject></svg>',
    f"<svg><use href=\"data:image/svg+xml,<svg id='x' xmlns='http://www.w3.org/2000/svg' onload='{RUN}'/>#x\"/></svg>",
    f'<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror={RUN}&gt;">',
    f"<math><annotation-xml encoding='text/html'><img src=x onerror=\"{RUN}\"></annotation-xml></math>",
    f'<math href="javascript:{RUN}">CLICK</math>',
    f"<iframe src=\"javascript:top.{RUN}\"></iframe>",
    f'<iframe srcdoc="<script>top.{RUN}</script>"></iframe>',
    f'<iframe src="data:text/html;base64,{ENCODED}"></iframe>',
    f'<object data="javascript:{RUN}"></object>',
    f'<object data="data:text/html;base64,{ENCODED}"></object>',
    f'<embed src="javascript:{RUN}">',
    f"<body onload={RUN}>",
    f"<input autofocus onfocus={RUN}>",
    f"<details open ontoggle={RUN}>x</details>",
    f"<video><source onerror={RUN}></video>",
    f"<audio src=x onerror={RUN}>",
    f"<marquee onstart={RUN}>x</marquee>",
    f'<a href="javascript:{RUN}" id=click>x</a>',
    f'<a href="jav&#x09;ascript:{RUN}">x</a>',
    f'<a href=" &#14; javascript:{RUN}">x</a>',
    f'<a href="data:text/html;base64,{ENCODED}">x</a>',
    f'<form action="javascript:{RUN}"><button id=click>x</button></form>',
    f'<button formaction="javascript:{RUN}">x</button>',
    f'<meta http-equiv="refresh" content="0;url=javascript:{RUN}">',
    "<base href='http://attacker.invalid/'>",
    "<link rel=stylesheet href='http://attacker.invalid/x.css'>",
    "<style>@import 'http://attacker.invalid/x.css'; body{background:url(http://attacker.invalid/y)}</style>",
    '<div style="background:url(http://attacker.invalid/z)">x</div>',
    "<img src='http://attacker.invalid/beacon.png'>",
    f'<noscript><p title="</noscript><img src=x onerror={RUN}>">',
    f"<template><script>{RUN}</script></template>",
    f"<textarea></textarea><img src=x onerror={RUN}></textarea>",
    f"<title></title><img src=x onerror={RUN}>",
    f"<!--><img src=x onerror={RUN}>-->",
    f"<![CDATA[><img src=x onerror={RUN}>]]>",
    f"<xss style=animation-name:x onanimationstart={RUN}></xss>",
    f"</pre></div></body></html>{SCRIPT}",
    f"{{{{ cycler.__init__.__globals__ }}}} {SCRIPT}",
]  # fmt: skip
MARKDOWN = [
    *HTML,
    f"[x](javascript:{RUN})",
    f"![x](javascript:{RUN})",
    f'![x" onerror="{RUN}](x.png)',
    f"[x]: javascript:{RUN}\n\n[x]",
    f"<javascript:{RUN}>",
    f"$\\href{{javascript:{RUN}}}{{x}}$",
    f"$\\text{{{SCRIPT}}}$ $\\unicode{{x3c}}img src=x onerror={RUN}>$",
    f'<img alt="$\\text{{ onerror={RUN} x=}}$" src="y">',
    f"<img alt='$a$' src=x title=\"$\\text{{' onerror='{RUN}}}$\">",
    f"```html\n{SCRIPT}\n```\n`{SCRIPT}`",
    f"\ue0000\ue001 {SCRIPT}",
    f"<script type='text/x-mathjax-config'>{RUN}</script>",
]
SVG = f'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" onload="{RUN}"><script>{RUN}</script><rect width="9" height="9"/></svg>'


def hostile_notebook(make_code, make_markdown, output, metadata):
    """Cells with every payload in outputs, markdown, SVG, attachments and metadata.

    Args:
        make_code, make_markdown, output: nbformat.v4's.
        metadata: nbgrader's metadata for a manually graded cell.
    """
    bundles = [{"text/html": html} for html in HTML] + [{"text/markdown": text} for text in MARKDOWN]
    bundles += [
        {"image/svg+xml": SVG},
        {"image/svg+xml": base64.b64encode(SVG.encode()).decode()},
        {"image/png": f'" onerror="{RUN}'},
        {"image/jpeg": f'x"><script>{RUN}</script>'},
        {"application/javascript": RUN},
        {"text/javascript": RUN},
        {"text/vnd.mermaid": f"graph TD; A[<img src=x onerror={RUN}>]"},
        {"text/latex": f"$\\href{{javascript:{RUN}}}{{x}}$ {SCRIPT}"},
        {"text/latex": f"$x$</div>{SCRIPT}"},
        {"text/plain": SCRIPT},
        {"application/vnd.jupyter.widget-view+json": {"model_id": f"</script>{SCRIPT}"}},
        {f"text/x-{SCRIPT}": SCRIPT},
    ]
    evil = {
        "image/png": {"width": f"1 onload={RUN}", "alt": f'" onerror="{RUN}', "unconfined": True},
        "text/html": {"isolated": True},
        "filenames": {"image/png": f"javascript:{RUN}"},
    }
    outputs = [output("display_data", data=data, metadata=evil) for data in bundles]
    outputs += [
        output("stream", name="stdout", text=f"\x1b[31m{SCRIPT}\x1b]8;;javascript:{RUN}\x07link\x1b]8;;\x07\n"),
        output("stream", name="stderr", text=f"</pre>{SCRIPT}"),
        output(
            "error", ename=SCRIPT, evalue=SCRIPT, traceback=[f"\x1b[31m{SCRIPT}", f"</pre><img src=x onerror={RUN}>"]
        ),
    ]
    hostile = {
        "tags": [f'"><img src=x onerror={RUN}>'],
        "alt": f'" onerror="{RUN}',
        "title": SCRIPT,
        "magics_language": SCRIPT,
    }
    cells = [make_code(f"print({SCRIPT!r})", id="outputs", outputs=outputs, metadata=hostile)]
    cells += [make_markdown(text, id=f"m{i}", metadata=hostile) for i, text in enumerate(MARKDOWN)]
    attachments = {
        "a.svg": {"image/svg+xml": base64.b64encode(SVG.encode()).decode()},
        f'b" onerror="{RUN}': {"image/png": "AAAA"},
        "c.html": {"text/html": base64.b64encode(SCRIPT.encode()).decode()},
    }
    text = f'![a](attachment:a.svg) ![b](attachment:b"%20onerror="{RUN}) ![c](attachment:c.html) [d](attachment:c.html)'
    cells.append(make_markdown(text, id="attachments", attachments=attachments))
    cells.append(make_markdown(SCRIPT, id="answer-why", metadata=metadata))
    return cells, json.loads(
        json.dumps(
            {
                "title": f"</title>{SCRIPT}",
                "widgets": {"application/vnd.jupyter.widget-state+json": {"x": f"</script>{SCRIPT}"}},
            }
        )
    )
