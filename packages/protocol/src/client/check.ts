/**
 * Frames from a server, judged.
 *
 * Law: nothing of a frame is used before it was checked here. A clock that is told a word never rings, or never stops; a position
 * that is told a fraction makes every later `hello` malformed. What is no object throws: the caller takes that as malformed too.
 */
type Fields = Readonly<Record<string, unknown>>;
type Test = (value: unknown) => boolean;

const isText: Test = (value) => typeof value === "string";
/** A whole number, 0 or more. */
export const isCount: Test = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
/** Milliseconds, 0 or more; so bounded, sums of them stay numbers. */
const isMs: Test = (value) => typeof value === "number" && value >= 0 && value <= Number.MAX_SAFE_INTEGER;
const isMore: Test = (value) => isMs(value) && value !== 0;
const isMaybe: Test = (value) => value === undefined || isMs(value);
const isBetween = (value: { readonly length: number }, most: number): boolean =>
  value.length > 0 && value.length <= most;
const isListOf =
  (test: Test): Test =>
  (value) =>
    Array.isArray(value) && value.every(test);
const has =
  (tests: Readonly<Record<string, Test>>): Test =>
  (value) => {
    for (const name in tests) if (!(tests[name] as Test)((value as Fields)[name])) return false;
    return true;
  };

/** Numbers of partitions, as a server takes them back in `hello.resume`. */
export const isPositions: Test = (value) => isListOf(isCount)(value) && isBetween(value as unknown[], 1024);

const isLimits: Test = (value) =>
  ["window", "windowBytes", "batchBytes", "eventBytes", "frameBytes", "frameRate", "dedupMs"].every((name) => {
    const limit = (value as Fields)[name];
    return isCount(limit) && isMore(limit);
  });
const isFeatures = isListOf(has({ feature: isText, reason: isText, forMs: isMs }));
const floor = { minDelayMs: isMs, spreadMs: isMs };
const words = { code: isText, message: isText };

const known: Readonly<Record<string, Test>> = {
  welcome: has({
    session: isText,
    user: isText,
    recovery: (value) => value === "resumed" || value === "gap" || value === "new",
    epoch: (value) => isText(value) && isBetween(value as string, 128),
    positions: isPositions,
    heartbeatMs: isMore,
    reconnectSpreadMs: isMs,
    limits: isLimits,
    throttled: isFeatures,
    expiresInMs: isMaybe,
  }),
  reject: has({ ...words, ...floor, retry: (value) => value === "never" || value === "later" || value === "reauth" }),
  channel: has({ alias: isCount, channel: isText, partition: isCount }),
  gap: has({ from: isPositions, to: isPositions }),
  caughtUp: has({ positions: isPositions }),
  nack: has({ id: isText, ...words, retryAfterMs: isMaybe }),
  throttle: has({ features: isFeatures }),
  goaway: has({ ...floor, overlap: (value) => typeof value === "boolean" }),
  tokenOk: has({ expiresInMs: isMaybe }),
  expiring: has({ inMs: isMs }),
};

/** Is it an object frame without fault? One whose `t` nobody knows has nothing to lack. Throws for a field that is no object. */
export function isSound(frame: Fields): boolean {
  const { t } = frame;
  return typeof t === "string" && (!Object.hasOwn(known, t) || (known[t] as Test)(frame));
}

/** Of what a server may say only a welcome or a refusal comes before anybody is linked. */
export const isForLinked = (t: string): boolean => Object.hasOwn(known, t) && t !== "welcome" && t !== "reject";
