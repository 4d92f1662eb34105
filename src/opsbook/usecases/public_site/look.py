"""How the public page looks, and the few lines that run in the reader's browser. The page is whole without them."""

from __future__ import annotations

STYLE = """
:root{color-scheme:light dark;--paper:#fff;--card:#f6f7f9;--ink:#1b1f24;--quiet:#525b66;--line:#d9dde2;
--link:#1f5fa8;--ok:#2f8a52;--minor:#b57a00;--major:#c8550f;--critical:#b3202a;--work:#2f6fb8;--none:#c4cad1}
@media (prefers-color-scheme:dark){:root{--paper:#14161a;--card:#1e2127;--ink:#e7e9ec;--quiet:#a9b0ba;--line:#343a43;
--link:#8fbcff;--ok:#4fb277;--minor:#dba33a;--major:#ee8445;--critical:#f0626c;--work:#6aa7ee;--none:#454c56}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main,header,footer{max-width:46rem;margin:0 auto;padding:0 1rem}
form input:not([type=checkbox],[type=hidden]){display:block;width:100%;box-sizing:border-box}
form :is(input:not([type=checkbox]),button){font:inherit;min-height:2.75rem;padding:.25rem .75rem}
form :is(summary,fieldset label){display:inline-flex;align-items:center;gap:.5rem;min-height:2.75rem}
header{padding-top:1.5rem}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .5rem;overflow-wrap:anywhere}
h1 a{color:inherit;text-decoration:none}
h2{font-size:1.15rem;margin:2rem 0 .75rem}
h3{font-size:1rem;margin:0 0 .25rem;overflow-wrap:anywhere}
ul+h3,article+h3{margin-top:1.25rem}
p{margin:.25rem 0 .5rem;overflow-wrap:anywhere}
a{color:var(--link)}
a:focus-visible{outline:2px solid var(--link);outline-offset:2px}
.quiet,time{color:var(--quiet);font-size:.875rem}
.banner{border-left:6px solid var(--ok);background:var(--card);border-radius:6px;padding:.9rem 1rem;margin:1rem 0;
font-size:1.2rem;font-weight:600}
.card{border:1px solid var(--line);border-left:6px solid var(--none);border-radius:6px;padding:.9rem 1rem;
margin:0 0 1rem}
.minor{border-left-color:var(--minor)}.major{border-left-color:var(--major)}.critical{border-left-color:var(--critical)}
.maintenance{border-left-color:var(--work)}.unknown{border-left-color:var(--none)}
ul{list-style:none;margin:0;padding:0}
.parts{border:1px solid var(--line);border-radius:6px}
.parts>li{padding:.8rem 1rem;border-top:1px solid var(--line)}
.parts>li:first-child{border-top:0}
.row{display:flex;justify-content:space-between;gap:.25rem 1rem;flex-wrap:wrap}
.row b{overflow-wrap:anywhere}
.state{font-weight:600;white-space:nowrap}
.state::before{content:"";display:inline-block;width:.7em;height:.7em;border-radius:50%;margin-right:.45em;
background:var(--none)}
.s-operational::before{background:var(--ok)}.s-degraded::before{background:var(--minor)}
.s-partial_outage::before{background:var(--major)}.s-major_outage::before{background:var(--critical);border-radius:0}
.s-maintenance::before{background:var(--work)}
svg.days{display:block;width:100%;height:30px;margin:.5rem 0 .1rem}
.d-ok{fill:var(--ok)}.d-minor{fill:var(--minor)}.d-major{fill:var(--major)}.d-critical{fill:var(--critical)}
.d-none{fill:var(--none)}
.updates>li{border-top:1px solid var(--line);padding:.6rem 0 .2rem;margin-top:.6rem}
.old{border:2px solid var(--critical);border-radius:6px;padding:.7rem 1rem;font-weight:600}
footer{padding-top:1rem;padding-bottom:2.5rem;margin-top:2rem;border-top:1px solid var(--line)}
footer a,nav a{display:inline-block;padding:.35rem .9rem .35rem 0}
[hidden]{display:none}
@media print{.card,.parts>li{break-inside:avoid}}
""".lstrip()

# Times in the reader's zone beside UTC; a note where the page is old; the page anew where it can be had.
SCRIPT = """
(function () {
  "use strict";
  var zone = "";
  try { zone = Intl.DateTimeFormat().resolvedOptions().timeZone || ""; } catch (error) { zone = ""; }
  document.querySelectorAll("time[datetime]").forEach(function (each) {
    var at = new Date(each.getAttribute("datetime"));
    if (isNaN(at) || !zone || zone === "UTC" || zone === "Etc/UTC") { return; }
    each.textContent += " (" + at.toLocaleString(undefined, {dateStyle: "medium", timeStyle: "short"}) + " your time)";
  });
  var made = document.getElementById("made"), note = document.getElementById("old");
  function look() {
    var at = new Date(made.getAttribute("data-at")), old = Number(made.getAttribute("data-old")) * 1000;
    note.hidden = !(Date.now() - at.getTime() > old);
  }
  if (!made || !note) { return; }
  look();
  setInterval(look, 15000);
  setInterval(function () {
    if (document.hidden) { return; }
    fetch(location.href, {cache: "no-cache", credentials: "omit"}).then(function (answer) {
      return answer.ok ? answer.text() : "";
    }).then(function (text) {
      var found = /data-at="([^"]+)"/.exec(text);
      if (found && found[1] !== made.getAttribute("data-at")) { location.reload(); }
    }).catch(function () { look(); });
  }, 60000);
}());
""".lstrip()
