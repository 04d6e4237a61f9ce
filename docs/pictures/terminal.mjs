// A terminal's output as an SVG picture: reads the colours and weights that chalk writes (ECMA-48 SGR), one row of text a line.

const CHARACTER = { width: 8.4, height: 19, size: 14 };
const PADDING = 20;
const BAR = 34;

const THEME = {
  background: '#16181d',
  bar: '#23262d',
  text: '#d7dae0',
  31: '#ff7b72',
  32: '#7ee787',
  33: '#f0c55b',
  36: '#6fc3df',
};

/** @typedef {{ text: string, colour?: number, bold: boolean, dim: boolean, italic: boolean }} Span */

/**
 * Splits a line into spans of one look. `style` is what the line before left on, and is returned for the next.
 * @param {string} line @param {Omit<Span, 'text'>} style @returns {{ spans: Span[], style: Omit<Span, 'text'> }}
 */
function spansOf(line, style) {
  const spans = [];
  let now = { ...style };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what starts an SGR sequence
  for (const part of line.split(/(\u001b\[[0-9;]*m)/)) {
    if (!part.startsWith('\u001b')) {
      if (part !== '') spans.push({ text: part, ...now });
      continue;
    }
    for (const code of part.slice(2, -1).split(';').map(Number)) now = after(now, code);
  }
  return { spans, style: now };
}

function after(style, code) {
  if (code === 0) return { bold: false, dim: false, italic: false };
  if (code === 1) return { ...style, bold: true };
  if (code === 2) return { ...style, dim: true };
  if (code === 22) return { ...style, bold: false, dim: false };
  if (code === 3 || code === 23) return { ...style, italic: code === 3 };
  if (code === 39) return { ...style, colour: undefined };
  return code in THEME ? { ...style, colour: code } : style;
}

/**
 * Draws lines with SGR sequences in them. Every span is set at its column, so that boxes close in any font.
 * @param {string[]} lines @param {string} title what the picture shows, for those who can't see it
 */
export function terminalSvg(lines, title) {
  let style = { bold: false, dim: false, italic: false };
  const rows = lines.map((line) => {
    const read = spansOf(line, style);
    style = read.style;
    return read.spans;
  });
  const columns = Math.max(...rows.map((spans) => spans.reduce((sum, { text }) => sum + [...text].length, 0)));
  const width = Math.ceil(columns * CHARACTER.width + 2 * PADDING);
  const height = Math.ceil(rows.length * CHARACTER.height + BAR + 2 * PADDING);
  const dots = ['#ff5f57', '#febc2e', '#28c840'].map(
    (fill, index) => `<circle cx="${22 + index * 20}" cy="${BAR / 2}" r="6" fill="${fill}"/>`,
  );
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" rx="10" fill="${THEME.background}"/>`,
    `<path d="M0 10a10 10 0 0 1 10-10h${width - 20}a10 10 0 0 1 10 10v${BAR - 10}H0z" fill="${THEME.bar}"/>`,
    ...dots,
    `<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="${CHARACTER.size}" fill="${THEME.text}" xml:space="preserve">`,
    ...rows.flatMap(drawRow),
    '</g>',
    '</svg>',
  ].join('\n')}\n`;
}

function drawRow(spans, row) {
  let column = 0;
  const y = BAR + PADDING + (row + 0.75) * CHARACTER.height;
  return spans.flatMap((span) => {
    const length = [...span.text].length;
    const lead = span.text.length - span.text.trimStart().length;
    const start = column + lead;
    column += length;
    const text = span.text.trim();
    if (text === '') return [];
    const looks = [
      span.colour === undefined ? '' : ` fill="${THEME[span.colour]}"`,
      span.bold ? ' font-weight="bold"' : '',
      span.dim ? ' opacity="0.62"' : '',
      span.italic ? ' font-style="italic"' : '',
    ].join('');
    return [
      `<text x="${round(PADDING + start * CHARACTER.width)}" y="${round(y)}" textLength="${round([...text].length * CHARACTER.width)}"${looks}>${escaped(text)}</text>`,
    ];
  });
}

function round(value) {
  return Math.round(value * 10) / 10;
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
