/**
 * The page is built from the packages' built output, like any app of a stranger: what it shows is what a user of the packages gets.
 * Addresses are relative, so that the demo can serve the folder from any path.
 */
import react from "@vitejs/plugin-react";
import { defineConfig, type UserConfig } from "vite";

const config: UserConfig = defineConfig({
  base: "./",
  plugins: [react()],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2022",
    cssTarget: ["chrome123", "firefox121", "safari17.5"],
    sourcemap: true,
  },
});

export default config;
