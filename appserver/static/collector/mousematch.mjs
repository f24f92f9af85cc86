// Mouse Match's browser collector. Apache-2.0. Its source, with comments: appserver/collector/
const memory={};
function recall(storage,name){
try{
return window[storage].getItem(name);
}catch{
return memory[name];
}
}
function keep(storage,name,value){
try{
if(value===undefined)window[storage].removeItem(name);
else window[storage].setItem(name,value);
return true;
}catch{
memory[name]=value;
return false;
}
}
const randomId=()=>Array.from(crypto.getRandomValues(new Uint32Array(3)),(n)=>n.toString(36)).join("");
function currentSession(){
const now=Date.now();
let[id,seen]=(recall("localStorage","mousematch.session")||"").split(" ");
if(!id||!(Math.abs(now - seen)<30*60e3)){
id=randomId();
seen=0;
}
if(now - seen>60e3)keep("localStorage","mousematch.session",id + " " + now);
return id;
}
function sampled(session,share){
let hash=0;
for(const letter of session)hash=Math.imul(hash ^ letter.charCodeAt(0),0x5bd1e995)+ 1;
hash=Math.imul(hash ^(hash>>>15),0x2c1b3c6d);
return((hash ^(hash>>>13))>>>0)/2**32<share;
}
const optedOut=()=>recall("localStorage","mousematch.optout")==="1";
const setOptOut=(out)=>keep("localStorage","mousematch.optout",out?"1":undefined);
const privacySignal=()=>navigator.globalPrivacyControl===true||navigator.doNotTrack==="1";
let tab;
function claimTab(){
tab=recall("sessionStorage","mousematch.tab")||tab||randomId();
keep("sessionStorage","mousematch.tab");
}
addEventListener("pagehide",()=>tab&&keep("sessionStorage","mousematch.tab",tab));
addEventListener("pageshow",(event)=>event.persisted&&tab&&claimTab());
const held=(bits)=>(bits & 1?1:bits & 2?2:bits & 4?3:bits?4:0);
function capture(take,guard){
const unwanted=(event)=>!event.isTrusted||event.target?.closest?.("[data-mousematch-ignore]");
const moved=(event)=>{
if(unwanted(event)||!event.isPrimary)return;
if(event.type==="pointermove"&&event.button<0){
const reports=event.getCoalescedEvents?.();
for(const report of reports?.length?reports:[event]){
take(report,report.buttons?3:0,held(report.buttons),event.pointerType);
}
}else{
const button=Math.max(0,event.button);
take(event,event.buttons &[1,4,2,8,16,32][button]?1:2,[1,3,2][button]||4,event.pointerType);
}
};
const scrolled=(event)=>{
if(!unwanted(event))take(event,4,0);
};
const options={capture:true,passive:true};
const listeners={wheel:guard(scrolled)};
for(const name of["move","down","up","cancel"])listeners["pointer" + name]=guard(moved);
for(const name in listeners)addEventListener(name,listeners[name],options);
return()=>{
for(const name in listeners)removeEventListener(name,listeners[name],options);
};
}
function delivery({endpoint,token,queuePoints,refused}){
const unsent="mousematch.unsent " + endpoint;
const counters={resumed:0,queued:0,delivered:0,dropped:0,requests:0};
let queue=[];
let failures=0;
let pause;
let running;
let ended=false;
function makeRoom(points){
let lost=0;
let oldest;
while(counters.queued + points>queuePoints&&(oldest=queue.find((batch)=>!batch.flying))){
lost +=oldest.points + oldest.dropped;
drop(oldest);
}
return lost;
}
function add(batch){
queue.push(batch);
counters.queued +=batch.points;
if(ended)drop(batch);
}
function drop(batch){
counters.dropped +=batch.points;
remove(batch);
}
function remove(batch){
counters.queued -=batch.points;
queue.splice(queue.indexOf(batch),1);
}
function pump(anyway){
if(anyway||!pause)running||=postAll().finally(()=>(running=undefined));
return running;
}
async function postAll(){
while(!ended&&queue.length&&(await post(batchesFor(60e3))));
}
function batchesFor(room){
const waiting=queue.filter((batch)=>!batch.flying);
const full=waiting.findIndex((batch,place)=>(room -=batch.bytes)<0&&(place>0||queue[0].flying));
return full<0?waiting:waiting.slice(0,full);
}
async function post(batches,leaving){
if(!batches.length)return false;
clearTimeout(pause);
pause=0;
counters.requests++;
for(const batch of batches)batch.flying=true;
const{status,wait}=await request(batches.map((batch)=>batch.text + ',"sent":' + Date.now()+ "}}").join("\n"),leaving);
const asked=batches.filter((batch)=>queue.includes(batch));
for(const batch of asked)batch.flying=false;
if(status>=200&&status<300){
failures=0;
for(const batch of asked){
counters.delivered +=batch.points;
remove(batch);
}
return true;
}
if(ended)return false;
if(status>=400&&status<500&&status!==408&&status!==429){
end();
refused(status);
}else{
const backOff=Math.min(60e3,1e3*2**failures++)*(0.5 + Math.random()/2);
clearTimeout(pause);
pause=setTimeout(()=>{
pause=0;
pump();
},Math.max(backOff,wait));
}
return false;
}
async function request(body,leaving){
try{
if(leaving&&!("keepalive" in Request.prototype)){
const query=token?"?token=" + encodeURIComponent(token):"";
return{status:navigator.sendBeacon(endpoint + query,body)?200:0,wait:0};
}
const answer=await fetch(endpoint,{
method:"POST",
headers:{"Content-Type":"application/json",...(token&&{Authorization:"Splunk " + token})},
body,
keepalive:true,
redirect:"error",
signal:AbortSignal.timeout?.(30e3),
});
return{status:answer.status,wait:pauseAsked(answer.headers.get("Retry-After"))};
}catch{
return{status:0,wait:0};
}
}
function leave(forGood){
if(ended)return;
let room=60e3;
for(const batch of queue)if(batch.flying)room -=batch.bytes;
post(batchesFor(room),true);
const rest=queue.filter((batch)=>failures||!batch.flying);
if(forGood&&rest.length&&keep("sessionStorage",unsent,JSON.stringify(rest)))rest.forEach(remove);
}
function resume(){
const rest=recall("sessionStorage",unsent);
keep("sessionStorage",unsent);
for(const{text,bytes,points,dropped}of JSON.parse(rest||"[]")){
counters.resumed +=points;
add({text,bytes,points,dropped});
}
pump();
}
function end(){
ended=true;
clearTimeout(pause);
queue.slice().forEach(drop);
keep("sessionStorage",unsent);
}
return{add,pump,leave,resume,end,makeRoom,counters};
}
function pauseAsked(header){
const asked=header>0?header*1e3:Date.parse(header)- Date.now();
return Math.min(asked>0?asked:0,600e3);
}
const number=(value,otherwise)=>(value!=null&&value!==""&&value>=0?+value:otherwise);
const flag=(value)=>value!=null&&value!==false&&value!=="false";
function collect(options={}){
const{endpoint,token,session,page}=options;
const batchMs=number(options.batchMs,1000);
const batchPoints=Math.min(number(options.batchPoints,500)||1,2000);
const sample=number(options.sample,1);
const pageId=randomId();
let user=options.user;
let origin=performance.timeOrigin;
let last=0;
let lastPointer="mouse";
let sequence=0;
let recorded=0;
let quietUntil=0;
let batch;
let timer;
let size;
let stopCapture;
const warn=(reason)=>{
stopCapture?.();
console.warn("MouseMatch: " + reason + " Nothing more is collected on this page.");
};
const guard=(work)=>(...given)=>{
try{
return work(...given);
}catch(error){
warn(error + ".");
}
};
const outbox=delivery({
endpoint,
token,
queuePoints:number(options.queuePoints,20000),
refused:(status)=>warn(endpoint + " answered " + status + "; check the address and the token."),
});
function take(event,kind,button,pointer=lastPointer){
if(batch&&(pointer!==batch.pointer||batch.x.length>=batchPoints))send();
if(!batch&&(event.timeStamp<quietUntil||!open(event.timeStamp,pointer)))return;
const time=Math.max(Math.round((origin + event.timeStamp)*10),batch.start?last:last + 1);
if(!batch.start){
batch.start=Math.floor(time/10);
last=batch.start*10;
}
batch.dt.push((time - last)/10);
batch.x.push(Math.round(event.clientX*10)/10);
batch.y.push(Math.round(event.clientY*10)/10);
batch.kind.push(kind);
batch.button.push(button);
last=time;
lastPointer=pointer;
recorded++;
}
function open(now,pointer){
const name=session||currentSession();
if(optedOut()||!sampled(name,sample)){
quietUntil=now + batchMs;
return false;
}
const slept=Date.now()- performance.now()- origin;
if(slept>1000)origin +=slept;
size||=[innerWidth,innerHeight];
batch={session:name,pointer,start:0,dt:[],x:[],y:[],kind:[],button:[]};
timer=setTimeout(guard(send),batchMs);
return true;
}
function close(){
if(!batch)return;
clearTimeout(timer);
const{session,pointer,start,...points}=batch;
batch=undefined;
const dropped=outbox.makeRoom(points.x.length);
const event={
v:1,
session,
user:user||undefined,
tab,
page:typeof page==="function"?page(location.pathname):page||location.pathname,
page_id:pageId,
seq:sequence++,
viewport:size,
dpr:Math.round(devicePixelRatio*100)/100,
pointer,
dropped:dropped||undefined,
start,
points,
};
const text=JSON.stringify({time:start/1000,event}).slice(0,-2);
outbox.add({text,bytes:new TextEncoder().encode(text).length + 30,points:points.x.length,dropped});
}
const send=()=>{
close();
outbox.pump();
};
const leave=(forGood)=>{
close();
outbox.leave(forGood);
};
const collector={
flush:async()=>{
guard(close)();
await outbox.pump(true);
},
stop:guard(()=>{
stopCapture?.();
return collector.flush();
}),
optOut:guard((out=true)=>{
setOptOut(out);
if(!out)return;
stopCapture?.();
clearTimeout(timer);
batch=undefined;
outbox.end();
}),
setUser:guard((name)=>{
if(name!==user)send();
user=name;
}),
get session(){
return session||currentSession();
},
get counters(){
return{recorded,...outbox.counters};
},
};
const start=guard(()=>{
if(!endpoint)return warn("it needs an endpoint.");
if(optedOut()||(flag(options.respectPrivacySignals)&&privacySignal()))return outbox.end();
const on=(target,name,work)=>target.addEventListener(name,guard(work));
on(document,"visibilitychange",()=>document.visibilityState==="hidden"&&leave(false));
on(window,"pagehide",()=>leave(true));
on(window,"pageshow",(event)=>event.persisted&&outbox.resume());
on(window,"resize",()=>{
send();
size=undefined;
});
claimTab();
stopCapture=capture(take,guard);
outbox.resume();
});
if(document.prerendering)document.addEventListener("prerenderingchange",start,{once:true});
else start();
return collector;
}
export { collect };
