// @ts-check
// Watches the page's socket, without leaning on Voilà's own scripts: says when the connection is lost, blocks the page
// meanwhile (clicks would queue and run later), and offers a reload when the kernel or the session has ended.
(function () {
  const nb = document.documentElement.lang !== 'en';
  const text = nb
    ? {offline: 'Mistet kontakten – kobler til igjen …', dead: 'Programmet stoppet.', expired: 'Økten er utløpt.', reload: 'Last inn på nytt', login: 'Logg inn'}
    : {offline: 'Connection lost – reconnecting …', dead: 'The program stopped.', expired: 'Your session has ended.', reload: 'Reload', login: 'Sign in'};
  let leaving = false, ended = false;

  /** @param {string} message @param {string} [action] */
  function say(message, action) {
    const banner = document.getElementById('crm-connection');
    if (!banner || ended) return;
    banner.hidden = !message;
    banner.replaceChildren();
    document.documentElement.toggleAttribute('data-offline', Boolean(message));
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
  async function ask(url) {
    try {
      const answer = await fetch(url.replace(/^ws/, 'http').replace(/\/channels.*/, ''), {credentials: 'same-origin', redirect: 'manual'});
      if (answer.type === 'opaqueredirect' || answer.status === 401 || answer.status === 403) say(text.expired, text.login);
      else if (answer.status === 404) say(text.dead, text.reload);
    } catch { /* still offline: the next attempt will tell */ }
  }

  const Plain = window.WebSocket;
  window.WebSocket = class extends Plain {
    /** @param {string} url @param {string | string[]} [protocols] */
    constructor(url, protocols) {
      super(url, protocols);
      if (!/\/channels/.test(String(url))) return;
      this.addEventListener('open', () => say(''));
      this.addEventListener('message', e => {
        let data = e.data;
        if (typeof data !== 'string') {
          if (data.byteLength > 4000) return;
          data = new TextDecoder().decode(data);
        }
        if (/"execution_state": ?"(dead|restarting)"/.test(data)) say(text.dead, text.reload);
      });
      this.addEventListener('close', () => {
        if (leaving) return;
        say(text.offline);
        ask(String(url));
      });
    }
  };
  addEventListener('offline', () => say(text.offline));
  addEventListener('online', () => say(''));
  addEventListener('pagehide', () => { leaving = true; });
  addEventListener('pageshow', e => { if (e.persisted) location.reload(); });
  // Voilà ends the kernel on beforeunload, which also fires for downloads, mailto: and tel: links.
  const add = EventTarget.prototype.addEventListener;
  window.addEventListener = /** @type {any} */ (function (/** @type {string} */ type, /** @type {any} */ f, /** @type {any} */ options) {
    return add.call(window, type === 'beforeunload' && /api\/shutdown/.test(String(f)) ? 'pagehide' : type, f, options);
  });
})();
