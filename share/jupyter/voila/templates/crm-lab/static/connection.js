// @ts-check
// Keeps the page's line to its kernel: says when the connection is lost, blocks the page meanwhile, connects again by
// itself, and offers a reload when the kernel or the session has ended. The page's scripts see one socket throughout;
// the server keeps what the kernel says for the same session meanwhile.
(function () {
  const nb = document.documentElement.lang !== 'en';
  const text = nb
    ? {offline: 'Mistet kontakten – kobler til igjen …', dead: 'Programmet stoppet.', expired: 'Økten er utløpt.', reload: 'Last inn på nytt', login: 'Logg inn'}
    : {offline: 'Connection lost – reconnecting …', dead: 'The program stopped.', expired: 'Your session has ended.', reload: 'Reload', login: 'Sign in'};
  const AGAIN_MS = 1000, ANSWER_MS = 8000, QUIET_MS = 30_000;
  const SIGNED_OUT = 4401;
  const Plain = window.WebSocket;
  /** @type {Set<Line>} */ const lines = new Set();
  /** @type {Element | null} */ let focused = null;
  let leaving = false, ended = false;

  /** Say something above the blocked page; nothing lifts the block. @param {string} message @param {string} [action] */
  function say(message, action) {
    const banner = document.getElementById('crm-connection');
    const page = document.getElementById('rendered_cells');
    if (!banner || ended) return;
    if (message && banner.hidden) focused = document.activeElement;
    const lifted = !message && !banner.hidden;
    banner.hidden = !message;
    banner.replaceChildren();
    if (page) page.inert = Boolean(message);
    if (lifted && focused instanceof HTMLElement) focused.focus({preventScroll: true});
    if (!message) return;
    banner.append(Object.assign(document.createElement('span'), {textContent: message}));
    if (action) {
      ended = true;
      const button = Object.assign(document.createElement('button'), {textContent: action, type: 'button'});
      button.onclick = () => location.reload();
      banner.append(button);
      button.focus();
    }
  }

  /** @param {string} url */
  const ask = url => fetch(url, {credentials: 'same-origin', redirect: 'manual', cache: 'no-store', signal: AbortSignal.timeout(5000)});

  /** A socket that outlives its connections. */
  class Line {
    /** @type {((e: any) => void) | null} */ onopen = null;
    /** @type {((e: any) => void) | null} */ onmessage = null;
    /** @type {((e: any) => void) | null} */ onclose = null;
    /** @type {((e: any) => void) | null} */ onerror = null;
    /** @type {BinaryType} */ binaryType = 'arraybuffer';
    /** @type {any[]} */ waiting = [];
    /** @type {WebSocket} */ socket;
    begun = false;
    closed = false;
    heard = 0;
    timer = 0;

    /** @param {string} url @param {string | string[]} [protocols] */
    constructor(url, protocols) {
      this.url = url;
      this.protocols = protocols;
      this.kernel = url.replace(/^ws/, 'http').replace(/\/channels.*/, '');
      lines.add(this);
      this.socket = this.connect();
    }

    get readyState() {
      return this.closed ? Plain.CLOSED : this.begun ? Plain.OPEN : Plain.CONNECTING;
    }

    get protocol() {
      return this.socket.protocol;
    }

    connect() {
      clearTimeout(this.timer);
      const socket = new Plain(this.url, this.protocols);
      socket.binaryType = this.binaryType;
      socket.onopen = e => {
        this.heard = Date.now();
        say('');
        this.waiting.splice(0).forEach(data => socket.send(data));
        if (!this.begun) this.onopen?.(e);
        this.begun = true;
      };
      socket.onmessage = e => {
        this.heard = Date.now();
        if (hasDied(e.data)) say(text.dead, text.reload);
        this.onmessage?.(e);
      };
      socket.onclose = e => {
        if (leaving || this.closed) this.onclose?.(e);
        else if (e.code === SIGNED_OUT) say(text.expired, text.login);
        else this.lose();
      };
      this.socket = socket;
      return socket;
    }

    /** Without a connection: find out whether there is anything left to connect to, and try again. */
    async lose() {
      this.socket.onclose = this.socket.onmessage = this.socket.onopen = null;
      this.socket.close();
      say(text.offline);
      await this.look();
      if (!ended && !this.closed) this.timer = window.setTimeout(() => this.connect(), AGAIN_MS);
    }

    /** Whether the server answers; where the kernel is gone, so is this page. */
    async look() {
      try {
        const answer = await ask(this.kernel);
        if (answer.ok || answer.status >= 500) return answer.ok;
        const login = await ask(this.kernel.replace(/\/api\/kernels\/.*/, '/login')); // turns away who is signed in
        if (login.type === 'opaqueredirect') say(text.dead, text.reload);
        else if (login.ok) say(text.expired, text.login);
      } catch { /* no network */ }
      return false;
    }

    /** A connection may be cut without a word: ask where nothing was heard. */
    async check() {
      if (this.socket.readyState !== Plain.OPEN) return;
      if (await this.look()) say('');
      else if (!ended) this.lose();
    }

    /** @param {any} data */
    send(data) {
      if (this.socket.readyState !== Plain.OPEN) {
        this.waiting.push(data);
        return;
      }
      this.socket.send(data);
      const sent = Date.now();
      setTimeout(() => { if (this.heard < sent && !this.closed) this.check(); }, ANSWER_MS);
    }

    /** @param {number} [code] @param {string} [reason] */
    close(code, reason) {
      this.closed = true;
      lines.delete(this);
      clearTimeout(this.timer);
      this.socket.close(code, reason);
    }
  }

  /** Whether a kernel message says that the kernel is no more. @param {any} data */
  function hasDied(data) {
    if (typeof data !== 'string' && data.byteLength > 4000) return false;
    const words = typeof data === 'string' ? data : new TextDecoder().decode(data);
    return /"execution_state": ?"(dead|restarting)"/.test(words);
  }

  window.WebSocket = /** @type {any} */ (new Proxy(Plain, {
    construct: (target, [url, protocols]) => (/\/channels/.test(String(url)) ? new Line(String(url), protocols) : new target(url, protocols)),
  }));
  addEventListener('offline', () => say(text.offline));
  addEventListener('online', () => lines.forEach(line => (line.socket.readyState === Plain.OPEN ? line.check() : line.connect())));
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) lines.forEach(line => { if (Date.now() - line.heard > QUIET_MS) line.check(); });
  });
  addEventListener('pagehide', () => { leaving = true; });
  addEventListener('pageshow', e => { if (e.persisted) location.reload(); });
  // Voilà ends the kernel on beforeunload, which also fires for downloads, mailto: and tel: links.
  const add = EventTarget.prototype.addEventListener;
  window.addEventListener = /** @type {any} */ (function (/** @type {string} */ type, /** @type {any} */ f, /** @type {any} */ options) {
    return add.call(window, type === 'beforeunload' && /api\/shutdown/.test(String(f)) ? 'pagehide' : type, f, options);
  });
})();
