// Runs once when a page opens: its language, the visitor's language, and names for what Gradio leaves unnamed.
() => {
  const language = "LANGUAGE";
  document.documentElement.lang = language;
  const links = document.querySelectorAll(".top nav a");
  links.forEach((link) => link.addEventListener("click", () => localStorage.setItem("hairgan-language", link.lang)));
  const chosen = localStorage.getItem("hairgan-language");
  const first = (navigator.languages && navigator.languages[0]) || navigator.language || "en";
  if (!chosen && language === "en" && first.startsWith("ko")) {
    localStorage.setItem("hairgan-language", "ko");
    window.location.replace("./ko");
  }
  // Gradio names each radio button differently; with one name per group the arrow keys move within it.
  const group = () => document.querySelectorAll(".swatches, .domains").forEach((all) =>
    all.querySelectorAll("input[type=radio]").forEach((one) => { if (one.name !== all.id) one.name = all.id; }));
  new MutationObserver(group).observe(document.body,
    { childList: true, subtree: true, attributes: true, attributeFilter: ["name"] });
  group();
}
