/**
 * JSON as nobody should write it.
 *
 * Law: what is made here is text, for the worst of it (a number beyond every double, a name twice, half a pair of surrogates) is no value of
 * this process. All chance comes from the given source, so the same seed makes the same text.
 */
import type { Random } from "@cc/testkit";

/** Text that stands in JSON as it is. */
export class Raw {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** The members of an object in their order; a name may stand there twice. */
export class Members {
  readonly list: readonly (readonly [string, unknown])[];
  constructor(list: readonly (readonly [string, unknown])[]) {
    this.list = list;
  }
}

/** An object as its members, to be changed. */
export const membersOf = (value: object): Members =>
  new Members(Object.entries(value).filter(([, field]) => field !== undefined));

/** `JSON.stringify` that knows `Raw` and `Members`. Never throws: what is no JSON becomes `null`. */
export function write(value: unknown): string {
  if (value instanceof Raw) return value.text;
  if (value instanceof Members)
    return `{${value.list.map(([name, field]) => `${JSON.stringify(name)}:${write(field)}`).join()}}`;
  if (Array.isArray(value)) return `[${value.map(write).join()}]`;
  if (typeof value === "object" && value !== null) return write(membersOf(value));
  return JSON.stringify(value) ?? "null";
}

/** Names that mean something to JavaScript. */
export const charms: readonly string[] = [
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "valueOf",
  "length",
  "then",
  "0",
  "",
];

const numbers: readonly string[] = [
  "0",
  "-0",
  "0.0",
  "1",
  "1.0",
  "1e0",
  "-1",
  "0.5",
  "-0.5",
  "2",
  "3",
  "255",
  "4294967295",
  "4294967296",
  "2147483648",
  "9007199254740991",
  "9007199254740992",
  "9007199254740993",
  "-9007199254740992",
  "1e15",
  "1e20",
  "1e21",
  "1e308",
  "-1e308",
  "1e309",
  "-1e309",
  "5e-324",
  "1e-400",
];

const strings: readonly string[] = [
  "",
  " ",
  "0",
  "1",
  "NaN",
  "Infinity",
  "null",
  "\u0000",
  "\ud800",
  "\udc00\ud800",
  "\u2028\u2029",
  "\ufeff",
  "é",
  "😀",
  "../../etc/passwd",
  "<script>",
  "user:",
  "group:",
  "user:*",
  "%s%n",
];

/** Arrays or objects in each other, closed or not. */
const deep = (random: Random): Raw => {
  const levels = random.pick([2, 255, 256, 257, 1_000, 8_000]);
  const [open, close] = random.pick([
    ["[", "]"],
    ['{"a":', "}"],
  ] as const);
  return new Raw(`${open.repeat(levels)}${open === "[" ? "" : "1"}${close.repeat(levels)}`);
};

/** One value of any kind, most of them small. */
export function anything(random: Random, depth = 0): unknown {
  switch (random.int(depth < 3 ? 16 : 11)) {
    case 0:
      return null;
    case 1:
      return random.chance(0.5);
    case 2:
    case 3:
    case 4:
      return new Raw(random.pick(numbers));
    case 5:
      return random.pick(strings);
    case 6:
      return random.pick(charms);
    case 7:
      return random.pick(["a", "é", "😀", "\ud800"]).repeat(random.pick([1, 63, 64, 65, 128, 129, 256, 257, 1_025]));
    case 8:
      return [];
    case 9:
      return {};
    case 10:
      return random.int(1_000);
    case 11:
    case 12:
      return Array.from({ length: random.int(4) }, () => anything(random, depth + 1));
    case 13:
      return random.chance(0.1) ? deep(random) : [random.int(9)];
    default:
      return new Members(
        Array.from({ length: random.int(4) }, () => [
          random.pick([...charms, "t", "a", "b"]),
          anything(random, depth + 1),
        ]),
      );
  }
}

/** A number, as hostile as JSON can write one. */
export const anyNumber = (random: Random): Raw => new Raw(random.pick(numbers));

/** The text changed as a bad disk or a bad proxy would: bits, cuts, splices. It may be valid JSON still. */
export function garble(random: Random, text: string): string {
  let out = text;
  for (let times = 1 + random.int(3); times > 0; times -= 1) {
    const at = random.int(out.length + 1);
    switch (random.int(6)) {
      case 0:
        out = out.slice(0, at);
        break;
      case 1:
        out = out.slice(at);
        break;
      case 2:
        out =
          out.slice(0, at) +
          random.pick(["[", "]", "{", "}", ",", ":", '"', "\\", "-", "1", "e", " ", "\n", "\u0000"]) +
          out.slice(at);
        break;
      case 3:
        out =
          out.slice(0, at) + String.fromCharCode((out.charCodeAt(at) || 0) ^ (1 << random.int(7))) + out.slice(at + 1);
        break;
      case 4:
        out = out.slice(0, at) + out.slice(at + 1 + random.int(4));
        break;
      default:
        out = out.slice(0, at) + out.slice(random.int(out.length + 1));
    }
  }
  return out;
}

/** Changes one to three members or elements of a frame: gone, twice, of another type, or one more. */
export function mutate(random: Random, frame: unknown): unknown {
  let changed = frame;
  for (let times = 1 + random.int(2); times > 0; times -= 1) changed = mutateOnce(random, changed);
  return changed;
}

function mutateOnce(random: Random, frame: unknown): unknown {
  if (Array.isArray(frame)) {
    const at = random.int(frame.length + 1);
    switch (random.int(5)) {
      case 0:
        return [...frame.slice(0, at), ...frame.slice(at + 1)];
      case 1:
        return [...frame.slice(0, at), anything(random), ...frame.slice(at)];
      case 2:
        return frame.slice(0, at);
      default:
        return frame.map((element, place) => (place === at ? anything(random) : element));
    }
  }
  if (!(frame instanceof Members)) return anything(random);
  const { list } = frame;
  const at = random.int(Math.max(1, list.length));
  const [name = "t"] = list[at] ?? [];
  switch (random.int(7)) {
    case 0:
      return new Members(list.filter((_, place) => place !== at));
    case 1:
      return new Members([...list, [name, anything(random)]]);
    case 2:
      return new Members([...list, [random.pick(charms), anything(random)]]);
    case 3:
      return new Members([...list].reverse());
    default:
      return new Members(list.map((member, place) => (place === at ? [name, anything(random)] : member)));
  }
}
