/**
 * Which browsers may come in.
 *
 * A browser names the page's origin in every upgrade and every cross-origin request and cannot lie about it; other programs
 * can send anything, so for them the check means nothing and its absence is let through. Tokens travel in frames and headers,
 * never in cookies, so this is a second lock and not the first.
 */

/** Whether a request with this `Origin` header may proceed. */
export type OriginPolicy = (origin: string | undefined) => boolean;

/** @param allowed exact origins, or `"*"` */
export const originPolicy = (allowed: readonly string[] | "*"): OriginPolicy => {
  if (allowed === "*") return () => true;
  const list = new Set(allowed);
  return (origin) => origin === undefined || list.has(origin);
};
