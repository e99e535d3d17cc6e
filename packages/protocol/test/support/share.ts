/** How much of their length long tests take, `CC_WALK`: `pnpm mutation` runs each once for each mutant and takes a fortieth (as tests/core/rig.ts). */
export const share: number = Number(process.env["CC_WALK"] ?? 1);
