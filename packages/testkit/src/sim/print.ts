/** A fact in one line of words, for who reads what happened before a law was broken. */
import type { Told } from "./world/facts.js";

const short = (text: string): string => (text.length > 150 ? `${text.slice(0, 147)}...` : text);

function words(told: Told): string {
  switch (told.type) {
    case "act":
    case "actEnds": {
      const { do: what, ...rest } = told.act;
      const more = Object.entries(rest).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
      return `${told.type === "act" ? "##" : "##  end of"} ${what} ${more.join(" ")}`;
    }
    case "quiet":
      return "##  the quiet end begins";
    case "status":
      return `told ${told.change.current} (${told.change.reason}, attempt ${told.change.attempt})${told.change.error ? ` ${told.change.error.code}: ${told.change.error.message}` : ""}`;
    case "call": {
      const { name, ...rest } = told.call;
      return `calls ${name}() #${told.id} ${Object.values(rest).join(" ")}`;
    }
    case "settled":
      return `#${told.id} ${told.ok ? "resolves" : `rejects ${told.error?.code} ${told.error?.outcome ?? ""}`}`;
    case "session":
      return `told a session: ${told.session.recovery}`;
    case "error":
      return `told an error: ${told.error.code}: ${told.error.text}`;
    case "event":
      return `told ${told.event.class} ${told.event.position?.positions.join() ?? ""} ${told.event.kind} on ${told.event.channel} ${short(JSON.stringify(told.event.data))}`;
    case "gap":
      return `told a gap ${JSON.stringify(told.gap)}`;
    case "caughtUp":
      return `told to be caught up at ${told.position.positions.join()}`;
    case "user":
      return `is ${told.user ?? "nobody"}`;
    case "signal":
      return `hears: ${told.signal}`;
    case "dial":
      return `dials gateway ${told.gateway} (wire ${told.wire})`;
    case "up":
      return `wire ${told.wire}: writes ${short(told.text)}`;
    case "got":
      return `wire ${told.wire}: reads ${short(told.text)}`;
    case "heard":
      return `wire ${told.wire}: the gateway hears ${told.frames.length}`;
    case "down":
      return `wire ${told.wire}: the gateway says ${told.frames.length}`;
    case "closing":
    case "closed":
      return `wire ${told.wire}: ${told.type} ${told.code}`;
    case "opened":
    case "serverClosed":
      return `wire ${told.wire}: ${told.type}`;
    case "entry":
      return `the log takes ${told.entry.n} on ${told.entry.channel} from ${told.entry.from}: ${short(JSON.stringify(told.entry.data))}`;
    case "epoch":
      return `the log begins anew as ${told.epoch}`;
    case "tokenAsked":
      return `asks for a token: ${told.how}`;
    case "timers":
      return told.everyMs > 0 ? `has timers every ${told.everyMs} ms` : "has timers again";
    case "thrown":
      return `a listener threw ${String(told.error)}`;
    default:
      return told.type;
  }
}

/** `12.345  client 0  told connected (welcome, attempt 1)` */
export function print(told: Told): string {
  const who = "client" in told ? `client ${told.client}` : "";
  return `${(told.t / 1000).toFixed(3).padStart(9)}  ${who.padEnd(9)} ${words(told)}`;
}
