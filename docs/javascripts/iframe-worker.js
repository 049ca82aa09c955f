// The search runs in a Worker, which a page opened from disk may not start: there, a hidden frame
// does the same. (Material's `offline` plugin would take such a script from the network.)
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      frame.srcdoc =
        "<script>" +
        "window.postMessage = data => parent.postMessage(data, '*');" +
        "window.importScripts = (...urls) => urls.reduce((before, url) => before.then(() => " +
        "new Promise(done => { const s = document.createElement('script'); s.src = url;" +
        "s.onload = done; document.body.append(s); })), Promise.resolve());" +
        "</script><script src='" + new URL(url, document.baseURI) + "'></script>";
      this.loaded = new Promise(done => frame.addEventListener("load", done));
      this.frame = frame;
      this.listener = event => {
        if (event.source !== frame.contentWindow) return;
        const message = new MessageEvent("message", { data: event.data });
        this.dispatchEvent(message);
        if (this.onmessage) this.onmessage(message);
      };
      addEventListener("message", this.listener);
      document.body.append(frame);
    }
    postMessage(data) {
      this.loaded.then(() =>
        this.frame.contentWindow.dispatchEvent(
          new MessageEvent("message", { data: structuredClone(data) })));
    }
    terminate() {
      removeEventListener("message", this.listener);
      this.frame.remove();
    }
  };
}
