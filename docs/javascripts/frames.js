// Frames of ours are as high as what is in them.
(() => {
  const fit = frame => {
    const page = frame.contentDocument;
    if (!page || !page.body) return; // from disk, a file may not look into another
    const set = () => { frame.style.height = page.documentElement.scrollHeight + "px"; };
    frame.style.height = "0";
    set();
    new page.defaultView.ResizeObserver(set).observe(page.body);
  };
  for (const frame of document.querySelectorAll("iframe.fits")) {
    if (frame.contentDocument && frame.contentDocument.readyState === "complete") fit(frame);
    frame.addEventListener("load", () => fit(frame));
  }
})();
