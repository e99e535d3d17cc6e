import { build } from "esbuild"; import {gzipSync} from "node:zlib";
const r = await build({ entryPoints:["packages/sdk/src/cometchat.ts"], bundle:true,minify:true,format:"esm",platform:"browser",target:"es2022",conditions:["@cc/source"],plugins:[{name:"x",setup(b){b.onResolve({filter:/^@cc\/sdk$/},()=>({path:"@cc/sdk",external:true}))}}],write:false});
const t=r.outputFiles[0].text; console.log(t); console.error(t.length, gzipSync(t,{level:9}).length);
