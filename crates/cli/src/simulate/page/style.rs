//! How the page looks: one set of styles, for light, dark and paper.

/// The styles. Colours are those of Okabe and Ito, which most people with a colour vision deficiency can distinguish;
/// lines differ by their dashes too.
pub(super) const CSS: &str = r#"
:root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--dim:#57606a;--line:#d8dee4;--soft:#f6f8fa;
--c0:#0072b2;--c1:#b35900;--c2:#00795c;--c3:#9c4f80;--c4:#1b1f24;--c5:#6a5d00;
--used:#0072b2;--thr:#d55e00;--hold:#0072b2;--stops:#e69f00;--runs:#cfd8e0;--free:#009e73;--wait:#8a94a0;--good:#00695c;--bad:#b3261e}
@media (prefers-color-scheme:dark){:root{--bg:#0f1419;--fg:#e6edf3;--dim:#9aa7b4;--line:#2b343d;--soft:#171d24;
--c0:#56b4e9;--c1:#f0a04b;--c2:#3fc7a0;--c3:#dd9cc4;--c4:#e6edf3;--c5:#f0e442;
--used:#56b4e9;--thr:#f07b2c;--hold:#3a8fc7;--stops:#d6940a;--runs:#3b4753;--free:#2aa884;--wait:#66727f;--good:#3fc7a0;--bad:#ff8a80}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:880px;padding:28px 20px 60px;background:var(--bg);color:var(--fg);
font:15px/1.5 system-ui,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
h1{font-size:25px;line-height:1.25;margin:0 0 6px}
h2{font-size:18px;margin:38px 0 6px}
h3{font-size:15px;margin:20px 0 4px}
p{margin:6px 0 10px;max-width:72ch}
.dim,figcaption{color:var(--dim)}
figcaption{font-size:13.5px;margin:4px 0 0;max-width:80ch}
figure{margin:10px 0 18px}
pre{background:var(--soft);border:1px solid var(--line);border-radius:6px;padding:10px 12px;margin:10px 0;
white-space:pre-wrap;overflow-wrap:anywhere;font:13px/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
.verdict{font-weight:600;padding:8px 12px;border-left:4px solid var(--good);background:var(--soft);max-width:none}
.verdict.bad{border-color:var(--bad)}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:14px;margin:8px 0;font-variant-numeric:tabular-nums}
th,td{padding:3px 12px;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
th:first-child,td:first-child{text-align:left;padding-left:2px}
td:first-child{font-weight:400}
thead th{border-bottom:2px solid var(--dim)}
tbody+tbody tr:first-child td,tbody+tbody tr:first-child th{border-top:2px solid var(--line)}
tbody th{font-weight:400}
tr>:first-child{position:sticky;left:0;background:var(--bg)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 16px;margin:8px 0;font-size:14px}
dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}
ul{padding-left:20px;margin:6px 0}
li{margin:2px 0}
code{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
svg{display:block;width:100%;max-width:calc(var(--w)*1px);height:auto}
.wide{overflow-x:auto}.wide svg{min-width:600px}
.small{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(340px,100%),1fr));gap:6px 24px}
svg text{font:12px system-ui,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;fill:var(--fg);font-variant-numeric:tabular-nums}
svg .tick,svg .name{font-size:11px;fill:var(--dim)}
svg .label{font-size:12px}
.grid{stroke:var(--line);stroke-width:1}
.axis{stroke:var(--dim);stroke-width:1}
.curve{fill:none;stroke-width:2.2;stroke-linejoin:round}
.s0{stroke:var(--c0)}.s1{stroke:var(--c1);stroke-dasharray:7 3}.s2{stroke:var(--c2);stroke-dasharray:2 2.5}
.s3{stroke:var(--c3);stroke-dasharray:10 3 2 3}.s4{stroke:var(--c4);stroke-dasharray:4 4}.s5{stroke:var(--c5);stroke-dasharray:12 4}
.bound{fill:var(--bg);stroke-width:1.8;stroke-dasharray:none}
.used{fill:var(--used)}
.throttled{fill:var(--thr);fill-opacity:.45;stroke:var(--thr);stroke-width:.7}
.quota{stroke:var(--fg);stroke-width:1.3;stroke-dasharray:5 3}
.wait{fill:var(--wait)}.hold{fill:var(--hold)}.free{fill:var(--free)}.runs{fill:var(--runs)}.stops{fill:var(--stops)}
svg text.on{font-size:10.5px;fill:#fff}svg text.runs-text{fill:var(--fg)}svg text.stops-text{fill:#1b1f24}
.stroke{stroke:var(--fg);stroke-width:1}.write{stroke:var(--bg);stroke-width:1.6}
.moment{stroke:var(--bad);stroke-width:1.3;stroke-dasharray:3 3}
.key{display:inline-block;width:22px;height:11px;border-radius:2px;vertical-align:-1px;margin:0 5px 0 12px}
.key:first-child{margin-left:0}
.key.k-used{background:var(--used)}.key.k-thr{background:var(--thr);opacity:.6;outline:1px solid var(--thr)}
.key.k-quota{height:0;border-top:2px dashed var(--fg);border-radius:0;vertical-align:4px}
.key.k-moment{height:0;border-top:2px dashed var(--bad);border-radius:0;vertical-align:4px}
@media (max-width:560px){body{padding:18px 12px 40px;font-size:14px}th,td{padding:3px 8px}dl{grid-template-columns:1fr}dt{margin-top:4px}}
@media print{:root{color-scheme:light;--bg:#fff;--fg:#000;--dim:#444;--line:#ccc;--soft:#f6f6f6;--c0:#0072b2;--c1:#b35900;--c2:#00795c;--c3:#9c4f80;--c4:#000;--c5:#6a5d00;
--used:#0072b2;--thr:#d55e00;--hold:#0072b2;--stops:#e69f00;--runs:#cfd8e0;--free:#009e73;--wait:#8a94a0;--good:#00695c;--bad:#b3261e}
body{max-width:none;padding:0;font-size:11pt}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
figure,tbody,.verdict{break-inside:avoid}h2,h3,.keys{break-after:avoid}tr>:first-child{position:static}.wide,.scroll{overflow:visible}}
"#;
