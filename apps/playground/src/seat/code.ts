/** The program that does what this seat does. Law: what is shown runs as it stands, with `@cc/sdk` installed. */
import { GRACE_MS, type Settings } from "./client.js";

export interface CodeInput {
  readonly url: string;
  readonly appId: string;
  readonly settings: Settings;
  /** The calls since the client was made, in order. */
  readonly calls: readonly string[];
  /** Where `getToken` gets its tokens. */
  readonly tokenUrl: string;
  readonly seat: string;
}

const backgroundOf = ({ background }: Settings): string =>
  background === "grace" ? `{ graceMs: ${GRACE_MS} }` : JSON.stringify(background);

export function codeOf({ url, appId, settings, calls, tokenUrl, seat }: CodeInput): string {
  const once = calls.some((call) => call.startsWith("login(authToken)"));
  const provided = calls.some((call) => call.includes("getToken"));
  const uid = calls.map((call) => /^login\(\{ uid: "([^"]+)"/.exec(call)?.[1]).find((one) => one !== undefined);
  const lines = [
    'import { createClient } from "@cc/sdk";',
    'import { explain } from "@cc/sdk/explain";',
    "",
    "const client = createClient({",
    `  url: ${JSON.stringify(url)},`,
    `  background: ${backgroundOf(settings)},`,
    "});",
    "client.subscribe((s) => console.log(s.status, explain(s).why, explain(s).next));",
    'client.on("event", (event) => console.log(event.kind, event.from, event.data));',
    'client.on("error", (error) => console.error(error.code, error.message));',
    "",
  ];
  if (provided || once) {
    lines.push(
      "async function getToken() {",
      `  const response = await fetch(${JSON.stringify(tokenUrl)}, {`,
      '    method: "POST",',
      '    headers: { "content-type": "application/json" },',
      `    body: JSON.stringify({ uid: ${JSON.stringify(uid ?? "alice")}, seat: ${JSON.stringify(seat)} }),`,
      "  });",
      "  return (await response.json()).token;",
      "}",
      "",
    );
  }
  if (once) lines.push("const authToken = await getToken();");
  lines.push(
    `await client.init(${JSON.stringify(appId)}, { autoEstablishSocketConnection: ${settings.mode === "auto"} });`,
    ...calls.flatMap((call, i) => [
      // A hand is slower than a program: it has seen the link stand before it sent.
      ...(call.startsWith("send(") && !calls[i - 1]?.startsWith("send(") ? ['await client.until("linked");'] : []),
      `await client.${call};`,
    ]),
    "",
  );
  return lines.join("\n");
}
