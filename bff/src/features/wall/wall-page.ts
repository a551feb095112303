import { escapeHtml } from "./html.ts";

/** Older data is covered by the veil. */
const staleMs = 30_000;

const style = `
:root{--page:#0f1217;--surface:#171b22;--line:#353d4a;--text:#e8ebef;--t2:#b5bdc8;--down:#ff5c52;--on:#1a0403;--dt:#2c1a1c;--dg:#fea627;--dgt:#2b2316;--dgl:#7a5a22;--stale:#b06bff;--hatch:rgba(176,107,255,.12);--ok:#7fdcc0;--spark:#465060;--scrim:rgba(5,7,10,.6)}
:root[data-theme=light]{--page:#f6f7f9;--surface:#fff;--line:#cdd2da;--text:#14181f;--t2:#464f5c;--down:#c4231c;--on:#fff;--dt:#fdeeed;--dg:#8f5700;--dgt:#fff4de;--dgl:#d9a34a;--stale:#6d45c9;--hatch:rgba(109,69,201,.11);--ok:#1a7f4b;--spark:#bcc4cf;--scrim:rgba(20,24,31,.38)}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);height:100vh;overflow:hidden;display:grid;grid-template-rows:auto minmax(0,1fr) auto;padding:3.2vh 3.6vh;gap:2.4vh;font-family:-apple-system,"Segoe UI",Roboto,"Noto Sans","Liberation Sans",Arial,sans-serif;font-variant-numeric:tabular-nums;cursor:none}
header{display:grid;grid-template-columns:minmax(0,1fr) auto;gap:3vh;align-items:start}
.v{font-size:7.6vh;line-height:1.05;font-weight:600;letter-spacing:-.02em;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.s{font-size:2.5vh;line-height:1.4;color:var(--t2);margin-top:1vh;height:3.5vh;overflow:hidden;white-space:nowrap;text-overflow:ellipsis}
.clock{text-align:right;font-size:7.6vh;line-height:1.05;font-weight:600;white-space:nowrap}.clock small{font-size:2.5vh;font-weight:400;color:var(--t2);margin-left:.8vh}
ol{list-style:none;margin:0;padding:0;display:grid;grid-auto-rows:minmax(0,1fr);border-top:1px solid var(--line)}
li{display:grid;grid-template-columns:25vh minmax(0,1fr) 34vh 20vh;gap:2.4vh;align-items:center;border-bottom:1px solid var(--line);padding:0 2vh;margin:0 -2vh;min-width:0;max-height:18vh}
li.down{background:var(--dt)}
.mk{font-size:2.5vh;line-height:4.4vh;padding:0 1.4vh;border-radius:.8vh;justify-self:start;white-space:nowrap;font-weight:600;border:2px solid var(--t2)}
.down .mk{background:var(--down);color:var(--on);border-color:var(--down)}.degraded .mk{background:var(--dgt);color:var(--dg);border-color:var(--dgl)}.stale .mk,.unknown .mk{color:var(--stale);border:2px dashed var(--stale)}
.w{min-width:0}.w b,.w span,.bf{display:block;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}.w b{font-size:3.3vh;line-height:1.25;font-weight:600}.w span,.bf{font-size:2.2vh;line-height:1.35;color:var(--t2)}
.ag{text-align:right}.ag b{display:block;font-size:4.4vh;line-height:1.1;font-weight:600;white-space:nowrap}.ag span{font-size:2.2vh;color:var(--t2);white-space:nowrap}.down .ag b,.t-down{color:var(--down)}.t-degraded{color:var(--dg)}.t-ok{color:var(--ok)}.t-stale,.t-unknown{color:var(--stale)}
main{min-height:0;display:grid}main ol{min-height:0}.feet{display:contents}[hidden]{display:none!important}
.calm{align-self:center;font-size:5vh;color:var(--t2)}
footer{display:grid;grid-template-columns:repeat(4,1fr) auto;gap:3vh;align-items:end}
.m .l{font-size:2.1vh;color:var(--t2);line-height:1.3}.m .n{font-size:4.6vh;line-height:1.1;font-weight:600;white-space:nowrap}.m small{font-size:2.1vh;font-weight:400;color:var(--t2);margin-left:.6vh}.m svg{display:block;height:4vh;width:100%;margin-top:.6vh}.m path{fill:none;stroke:var(--spark);stroke-width:2;vector-effect:non-scaling-stroke}
.ok{text-align:right;font-size:2.1vh;line-height:1.4;color:var(--t2);white-space:nowrap}.ok b{display:block;font-size:4.6vh;line-height:1.1;color:var(--ok);font-weight:600}
.veil{display:none}[data-state=stale] .veil{position:fixed;inset:0;display:grid;place-items:center;background:repeating-linear-gradient(135deg,var(--scrim) 0 3vh,transparent 3vh 6vh)}
.veil p{background:var(--surface);border:3px solid var(--stale);font-size:6vh;line-height:1.2;font-weight:600;padding:3vh 5vh;text-align:center;margin:0}.veil small{display:block;font-size:2.6vh;font-weight:400;color:var(--t2);margin-top:1vh}
@media (max-width:700px){body{height:auto;min-height:100vh;overflow:auto;padding:16px;display:block}.v,.clock{font-size:28px;white-space:normal}header{grid-template-columns:1fr}.clock{text-align:left}.s{font-size:14px;height:auto;white-space:normal}ol{margin-top:16px;display:block}li{grid-template-columns:1fr auto;padding:12px 0;margin:0;max-height:none}.w{grid-column:1/-1}.bf{grid-column:1/-1}.mk,.w span,.bf,.ag span{font-size:13px;line-height:20px}.w b{font-size:16px}.ag b{font-size:20px}.ag{grid-row:1;grid-column:2}footer{grid-template-columns:1fr 1fr;margin-top:16px}.m .l,.m small,.ok{font-size:13px}.m .n,.ok b{font-size:20px}.m svg{height:24px}.veil p{font-size:24px}.veil small{font-size:14px}}
`;

// Runs on a screen that nobody touches for months: it has no state but the newest answer, and starts itself anew when the
// page changes on the server.
const script = `
"use strict";
const root=document.documentElement,at=id=>document.getElementById(id),theme=new URLSearchParams(location.search).get("theme");
if(theme==="light")root.dataset.theme="light";
const token=location.hash.slice(1)||localStorage.getItem("wall")||"";
if(location.hash){localStorage.setItem("wall",token);}
let newest=null,gotMs=0,wait=2000,refused="";
const el=(name,cls,text)=>{const e=document.createElement(name);if(cls)e.className=cls;if(text!==undefined)e.textContent=text;return e};
const span=ms=>{const s=Math.max(0,Math.round(ms/1000)),m=Math.floor(s/60),h=Math.floor(m/60),d=Math.floor(h/24);return s<60?s+" s":m<60?m+" m":h<24?h+" h "+(m%60)+" m":d+" d "+(h%24)+" h"};
const nowMs=()=>newest?newest.now+performance.now()-gotMs:Date.now();
const clock=ms=>new Date(ms).toISOString().slice(11,19);
function spark(points){const known=points.filter(p=>p!==null),top=Math.max(...known,1e-9),svg=document.createElementNS("http://www.w3.org/2000/svg","svg"),path=document.createElementNS("http://www.w3.org/2000/svg","path");svg.setAttribute("viewBox","0 0 100 20");svg.setAttribute("preserveAspectRatio","none");let d="",pen=false;points.forEach((p,i)=>{if(p===null){pen=false;return}d+=(pen?"L":"M")+(points.length<2?0:i*100/(points.length-1)).toFixed(1)+" "+(19-18*p/top).toFixed(1);pen=true});path.setAttribute("d",d);svg.append(path);return svg}
function draw(){const w=newest,head=at("v");head.replaceChildren(...w.headline.flatMap((p,i)=>[...(i?[", "]:[]),el("span",i===0&&p.tone!=="ok"?"t-"+p.tone:"",p.text)]));at("s").textContent=w.organization+". "+w.sentence;
const rows=w.problems.map(p=>{const li=el("li",p.state),box=el("div","w"),age=el("div","ag");box.append(el("b","",p.title),el("span","",p.cause));age.append(el("b","",span(nowMs()-Date.parse(p.since))),el("span","",p.affects));li.append(el("span","mk",p.label),box,el("div","bf",p.before||"no change before"),age);return li});
if(w.more>0){const li=el("li","unknown");li.append(el("span","mk","More"),el("div","w",""),el("div","bf",""),el("div","ag",""));li.children[1].append(el("b","","and "+w.more+" more problems"));rows.push(li)}
at("list").replaceChildren(...rows);at("calm").hidden=rows.length>0;at("list").hidden=rows.length===0;
at("foot").replaceChildren(...w.figures.map(f=>{const m=el("div","m"),n=el("div","n",f.value);n.append(el("small","",f.unit));m.append(el("div","l",f.label),n,spark(f.points));return m}));at("ok").textContent=w.ok+" OK";document.title=w.headline.map(p=>p.text).join(", ")+" · Wheelhouse wall"}
function tick(){const seen=newest&&newest.observedAt?Date.parse(newest.observedAt):0,age=seen?nowMs()-seen:Infinity,stale=refused!==""||!newest||age>${staleMs};
at("clock").textContent=clock(nowMs());at("age").textContent=seen?"data "+span(age)+" old":"no data yet";
if(stale){root.dataset.state="stale";at("why").textContent=refused||(newest?"No data for "+span(age):"No data yet");at("behind").textContent=refused?"Create another link on the page On call.":seen?"What you see behind is from "+clock(seen)+" UTC. Reconnecting.":"Connecting."}else delete root.dataset.state}
async function load(){try{const answer=await fetch("wall/data",{headers:{"x-wheelhouse-wall":token},cache:"no-store",signal:AbortSignal.timeout(5000)});
if(answer.status===401||answer.status===403){refused="This link is no longer valid";wait=15000}else if(answer.ok){const data=await answer.json();if(root.dataset.version!==data.version){location.reload();return}newest=data;gotMs=performance.now();refused="";wait=2000;draw()}else wait=Math.min(wait*1.5,15000)}catch{wait=Math.min(wait*1.5,15000)}
tick();setTimeout(load,wait*(.9+Math.random()*.2))}
setInterval(tick,1000);tick();load();
`;

/** The wallboard: one request, its own style and script, no pointer and no scrolling. @param version of the page, by which an open one notices a new one */
export const wallPage = (nonce: string, version: string) =>
  `<!doctype html><html lang="en" data-version="${escapeHtml(version)}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex"><title>Wheelhouse wall</title><style nonce="${nonce}">${style}</style></head><body>` +
  '<header><div><div class="v" id="v"></div><div class="s" id="s"></div></div><div class="clock"><span id="clock"></span><small>UTC</small></div></header>' +
  '<main><div class="calm" id="calm" hidden>Nothing needs attention.</div><ol id="list"></ol></main>' +
  '<footer id="feet"><div id="foot" class="feet"></div><div class="ok"><b id="ok"></b><span id="age"></span></div></footer>' +
  '<div class="veil" role="alert"><p><span id="why"></span><small id="behind"></small></p></div>' +
  `<script nonce="${nonce}">${script}</script></body></html>`;

/** What makes a page another one. */
export const wallSource = style + script;
