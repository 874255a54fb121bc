// Chooses the theme before anything is painted; src/shared/theme/theme.ts goes on from here.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem('pulso.theme');
  } catch {
    // Storage may be forbidden; the system's theme is a good answer.
  }
  const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  document.documentElement.dataset.theme =
    chosen === 'light' || chosen === 'dark' ? chosen : dark ? 'dark' : 'light';
})();
