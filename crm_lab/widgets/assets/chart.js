// @ts-check
// A Plotly figure. The library is fetched when the first one is shown, and kept by the browser; a click on a mark is told by its numbers.

const NARROW = 600; // pixels

/** @type {Promise<any> | undefined} */
let library;

/** @param {string} address */
function load(address) {
  library ??= new Promise((done, fail) => {
    const tag = document.createElement('script');
    tag.src = address;
    tag.onload = () => done(/** @type {any} */ (window).Plotly);
    tag.onerror = () => {
      library = undefined;
      fail(new Error(address));
    };
    document.head.append(tag);
  });
  return library;
}

/** The layout as the page looks: its type and colours, and less around a narrow one. @param {any} layout @param {HTMLElement} box */
function fitted(layout, box) {
  const {color, fontFamily} = getComputedStyle(box);
  const made = {...layout, autosize: true, font: {...layout.font, color, family: fontFamily}};
  if (box.clientWidth > NARROW) return made;
  return {...made, margin: {l: 44, r: 8, t: 8, b: 90}, xaxis: {...layout.xaxis, tickangle: -60}, showlegend: false};
}

/** @param {{model: any, el: HTMLElement, signal: AbortSignal}} view */
function render({model, el, signal}) {
  const box = document.createElement('div');
  box.className = 'chart';
  box.setAttribute('role', 'img');
  el.append(box);
  let isDrawn = false;

  async function draw() {
    box.setAttribute('aria-label', model.get('label'));
    const Plotly = await load(model.get('address')).catch(() => undefined);
    if (signal.aborted) return;
    if (!Plotly) {
      box.textContent = model.get('missing');
      return;
    }
    await Plotly.react(box, model.get('traces'), fitted(model.get('figure'), box), {displayModeBar: false, responsive: true});
    if (isDrawn) return;
    isDrawn = true;
    /** @type {any} */ (box).on('plotly_click', (/** @type {any} */ at) => {
      const [mark] = at.points;
      model.send({event: 'choose', trace: mark.curveNumber, point: mark.pointNumber});
    });
    signal.addEventListener('abort', () => Plotly.purge(box));
  }
  model.on('change:traces', draw);
  signal.addEventListener('abort', () => model.off('change:traces', draw));
  draw();
}

export default {render};
