/** The wall clock as state, for what counts down. Law: no timer runs while nothing does. */
import { useEffect, useState } from "react";

const TICK_MS = 100;

/** `Date.now()`, renewed ten times a second while `active`. */
export function useNow(active: boolean): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!active) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, [active]);
  return now;
}

/** Seconds from `now` to `at`, with one decimal. */
export const secondsTo = (at: number, now: number): string => `${Math.max(0, (at - now) / 1000).toFixed(1)} s`;
