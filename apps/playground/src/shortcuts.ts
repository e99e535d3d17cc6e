/**
 * Single keys. Law: a key is a shortcut only where no text is typed, and all of them can be turned off (WCAG 2.1.4). A key that
 * acts on a seat presses that seat's button, so it can do nothing that a hand cannot, and is no secret second way.
 */
import { useEffect, useState } from "react";

export interface Shortcut {
  readonly key: string;
  readonly does: string;
  /** The button of the seat with the focus that is pressed, by its text. */
  readonly button?: string;
}

export const shortcuts: readonly Shortcut[] = [
  { key: "1", does: "go to the left seat" },
  { key: "2", does: "go to the right seat" },
  { key: "c", does: "connect()", button: "connect" },
  { key: "d", does: "disconnect()", button: "disconnect" },
  { key: "p", does: "ping()", button: "ping" },
  { key: "k", does: "checkNow()", button: "checkNow" },
  { key: "r", does: "reconnect()", button: "reconnect" },
  { key: "x", does: "cut the connection", button: "Cut" },
  { key: "m", does: "write a message" },
  { key: "?", does: "this list" },
];

const KEY = "playground-shortcuts";
const typing = "input, textarea, select, [contenteditable]";

function press(key: string, showHelp: () => void): boolean {
  const seats = [...document.querySelectorAll<HTMLElement>("[data-seat]")];
  const seat = document.activeElement?.closest<HTMLElement>("[data-seat]");
  if (key === "?") showHelp();
  else if (key === "1" || key === "2") seats[Number(key) - 1]?.focus();
  else if (key === "m") seat?.querySelector<HTMLElement>(".compose input")?.focus();
  else {
    const wanted = shortcuts.find((one) => one.key === key)?.button;
    const button = [...(seat?.querySelectorAll("button") ?? [])].find((one) => one.textContent === wanted);
    if (wanted === undefined || button === undefined) return false;
    button.click();
  }
  return true;
}

/** Whether they are on, and how to turn them. */
export function useShortcuts(showHelp: () => void): readonly [boolean, (on: boolean) => void] {
  const [on, setOn] = useState(() => {
    try {
      return localStorage.getItem(KEY) !== "off";
    } catch {
      return true;
    }
  });
  useEffect(() => {
    try {
      localStorage.setItem(KEY, on ? "on" : "off");
    } catch {
      // A page without storage forgets it.
    }
    if (!on) return;
    const pressed = (event: KeyboardEvent): void => {
      const { target, key, ctrlKey, altKey, metaKey, repeat } = event;
      if (ctrlKey || altKey || metaKey || repeat || document.querySelector("dialog[open]") !== null) return;
      if (target instanceof Element && target.closest(typing) !== null) return;
      if (press(key, showHelp)) event.preventDefault();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, [on, showHelp]);
  return [on, setOn];
}
