/** Light, dark, or as the system says. Law: the page's own word stands on the root element, and outlives a reload. */
import { useEffect, useState } from "react";

export type Theme = "auto" | "light" | "dark";
export const themes: readonly Theme[] = ["auto", "light", "dark"];

const KEY = "playground-theme";

const saved = (): Theme => {
  try {
    return themes.find((theme) => theme === localStorage.getItem(KEY)) ?? "auto";
  } catch {
    return "auto";
  }
};

export function useTheme(): readonly [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState<Theme>(saved);
  useEffect(() => {
    document.documentElement.dataset["theme"] = theme;
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // A page without storage forgets its theme.
    }
  }, [theme]);
  return [theme, setTheme];
}
