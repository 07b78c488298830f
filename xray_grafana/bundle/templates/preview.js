"use strict";
(() => {
  const root = document.documentElement;
  const search = document.getElementById("search");
  const count = document.getElementById("count");
  const nothing = document.getElementById("nothing");
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const fold = (text) => text.normalize("NFKC").toLowerCase();

  const entries = all(".entry").map((element) => {
    const parts = all("[data-find]", element);
    return { element, parts, words: fold(parts.map((part) => part.textContent).join("\n")) };
  });
  const boards = all(".board");
  const navigation = new Map(all(".side a").map((link) => [link.hash.slice(1), link]));

  const marks = "Highlight" in window ? new Highlight() : null;
  if (marks) CSS.highlights.set("found", marks);

  function mark(entry, terms) {
    for (const part of entry.parts) {
      for (const node of part.childNodes) {
        const text = node.textContent.toLowerCase();
        if (node.nodeType !== Node.TEXT_NODE || text.length !== node.length) continue;
        for (const term of terms) {
          for (let at = text.indexOf(term); at >= 0; at = text.indexOf(term, at + term.length)) {
            const range = new Range();
            range.setStart(node, at);
            range.setEnd(node, at + term.length);
            marks.add(range);
          }
        }
      }
    }
  }

  function show() {
    const terms = fold(search.value).split(/\s+/).filter(Boolean);
    const searching = terms.length > 0;
    let found = 0;
    marks?.clear();
    for (const entry of entries) {
      const matches = terms.every((term) => entry.words.includes(term));
      entry.element.hidden = !matches;
      found += matches;
      if (matches && searching && marks) mark(entry, terms);
    }
    for (const board of boards) {
      const matches = all(".entry:not([hidden])", board).length;
      board.hidden = searching && matches === 0;
      navigation.get(board.id)?.classList.toggle("missed", board.hidden);
    }
    document.body.classList.toggle("searching", searching);
    nothing.hidden = !searching || found > 0;
    count.textContent = searching ? `${found} of ${entries.length} panels` : "";
  }

  function clear() {
    search.value = "";
    show();
  }

  search.addEventListener("input", show);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && search.value) {
      event.preventDefault();
      clear();
    } else if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && document.activeElement !== search) {
      event.preventDefault();
      search.focus();
      search.select();
    }
  });

  function reveal(target) {
    if (document.body.classList.contains("searching") && !target.checkVisibility()) clear();
    for (let row = target.closest("details"); row; row = row.parentElement.closest("details")) row.open = true;
  }

  document.addEventListener("click", (event) => {
    const hash = event.target.closest("a")?.getAttribute("href");
    const target = hash?.startsWith("#") && document.getElementById(hash.slice(1));
    if (target) reveal(target);
  });

  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const theme = document.getElementById("theme");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
  function label() {
    theme.textContent = isDark() ? "Light" : "Dark";
    theme.setAttribute("aria-label", `Switch to ${isDark() ? "light" : "dark"} colours`);
  }
  theme.hidden = false;
  theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    label();
  });
  dark.addEventListener("change", label);
  label();

  const map = document.querySelector(".map svg");
  for (const box of all(".box")) {
    const light = (on) => () => {
      map.classList.toggle("lit", on);
      for (const arrow of all(".arrow", map)) {
        const near = arrow.dataset.from === box.dataset.stop || arrow.dataset.to === box.dataset.stop;
        arrow.classList.toggle("near", on && near);
      }
    };
    for (const name of ["pointerenter", "focus"]) box.addEventListener(name, light(true));
    for (const name of ["pointerleave", "blur"]) box.addEventListener(name, light(false));
  }

  const watcher = new IntersectionObserver(
    (changes) => {
      for (const { target, isIntersecting } of changes) {
        const link = navigation.get(target.id);
        if (isIntersecting) link?.setAttribute("aria-current", "true");
        else link?.removeAttribute("aria-current");
      }
    },
    { rootMargin: "-25% 0px -74% 0px" },
  );
  for (const section of all("main > section[id]")) watcher.observe(section);

  show();
})();
