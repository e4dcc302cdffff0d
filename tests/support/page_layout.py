"""What a person would notice on a picture of a page: found by the browser's own measures.

`faults` looks at where things are, `looked_at` at the pixels of a picture: what lies behind
something else or has the colour of its ground has a place, but is not seen.
"""

from __future__ import annotations

import base64
import json

from testbed.browser import Page

_HELPERS = """
const shown = element => element.checkVisibility({visibilityProperty: true, opacityProperty: true});
const short = text => JSON.stringify(text.trim().replace(/\\s+/g, " ").slice(0, 60));
const plain = box => ({left: box.left, top: box.top + scrollY, right: box.right,
  bottom: box.bottom + scrollY});
const within = (one, other, slack) => one.left >= other.left - slack && one.top >= other.top - slack
  && one.right <= other.right + slack && one.bottom <= other.bottom + slack;
const both = (one, other) => ({left: Math.max(one.left, other.left),
  top: Math.max(one.top, other.top), right: Math.min(one.right, other.right),
  bottom: Math.min(one.bottom, other.bottom)});
const meets = (one, other, slack) => { const area = both(one, other);
  return area.right - area.left > slack && area.bottom - area.top > slack; };
const texts = () => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const node = walker.currentNode, element = node.parentElement;
    const aside = element.closest(".skip, style, script, title, desc")
      || (element.closest("details:not([open])") && !element.closest("summary"));
    if (!node.data.trim() || aside || !shown(element)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects())
      if (box.width > 0) found.push({node, element, text: short(node.data), box: plain(box)});
  }
  return found;
};
const block = element => {
  while (!element.matches("svg") && getComputedStyle(element).display.startsWith("inline"))
    element = element.parentElement;
  return element;
};
"""

_FAULTS = """
(() => {
const faults = [];
const page = document.documentElement;
const width = page.clientWidth;  // a phone's inner width grows with what is too wide
if (page.scrollWidth > width) faults.push(`the page is ${page.scrollWidth} wide`);
const all = texts();
for (const one of all) {
  const region = one.element.closest(".scroll");
  if (!region && (one.box.left < 0 || one.box.right > width + 0.5))
    faults.push(`${one.text} leaves the window`);
  const around = one.element.closest("svg") || block(one.element);
  const border = plain(around.getBoundingClientRect());
  if (!within(one.box, border, 1)) faults.push(`${one.text} leaves its ${around.localName}`);
  for (let outer = one.element; outer; outer = outer.parentElement) {
    const style = getComputedStyle(outer);
    const cuts = /hidden|clip/.test(style.overflowX + style.overflowY) && outer.localName != "svg";
    if (cuts && !within(one.box, plain(outer.getBoundingClientRect()), 1))
      faults.push(`${one.text} is cut`);
  }
}
all.sort((one, other) => one.box.top - other.box.top);
all.forEach((one, place) => {
  for (const other of all.slice(place + 1)) {
    if (other.box.top >= one.box.bottom) break;
    if (one.node != other.node && meets(one.box, other.box, 1))
      faults.push(`${one.text} and ${other.text} overlap`);
  }
});
for (const rect of document.querySelectorAll("svg rect.box")) {
  const border = plain(rect.getBoundingClientRect());
  for (const one of all.filter(one => one.element.closest("svg")))
    if (meets(one.box, border, 0) && !within(one.box, border, 0))
      faults.push(`${one.text} crosses the border of a box`);
}
for (const region of document.querySelectorAll(".scroll"))
  if (region.scrollWidth > region.clientWidth && region.tabIndex != 0)
    faults.push(`${region.getAttribute("aria-label")} does not scroll by keyboard`);
return [...new Set(faults)];
})()
"""

_PLACES = """
(() => {
const found = texts().map(one => [one.element, one.text, 4.5, one.box]);
for (const edge of document.querySelectorAll("svg .edge")) {
  const middle = edge.getPointAtLength(edge.getTotalLength() / 2);
  const {x, y} = middle.matrixTransform(edge.getScreenCTM());
  const area = {left: x - 6, top: y + scrollY - 6, right: x + 6, bottom: y + scrollY + 6};
  found.push([edge, `${edge.getAttribute("class")} at ${x}, ${y}`, 3, area]);
}
for (const drawn of document.querySelectorAll("svg .tip, svg rect.box, svg .bar")) {
  const box = plain(drawn.getBoundingClientRect());
  const area = {left: box.left - 3, top: box.top - 3, right: box.right + 3, bottom: box.bottom + 3};
  found.push([drawn, `${drawn.getAttribute("class")} at ${box.left}, ${box.top}`, 3, area]);
}
return found.map(([element, text, least, box]) => {
  const region = element.closest(".scroll");
  const area = region ? both(box, plain(region.getBoundingClientRect())) : box;
  return {text, least, ...area};
}).filter(one => one.right - one.left > 4 && one.bottom - one.top > 4);
})()
"""

_LOOK = """
(async () => {
const bytes = Uint8Array.from(atob(picture), letter => letter.charCodeAt(0));
const image = await createImageBitmap(new Blob([bytes]));
const canvas = new OffscreenCanvas(image.width, image.height);
const context = canvas.getContext("2d");
context.drawImage(image, 0, 0);
const part = value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
const luminance = colour => 0.2126 * part((colour >> 16) / 255)
  + 0.7152 * part((colour >> 8 & 255) / 255) + 0.0722 * part((colour & 255) / 255);
const contrast = (one, other) => {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
};
const faults = [];
for (const one of places) {
  const left = Math.floor(one.left), top = Math.floor(one.top);
  const width = Math.ceil(one.right) - left, height = Math.ceil(one.bottom) - top;
  const pixels = context.getImageData(left, top, width, height).data;
  const counts = new Map();
  for (let at = 0; at < pixels.length; at += 4) {
    const colour = pixels[at] << 16 | pixels[at + 1] << 8 | pixels[at + 2];
    counts.set(colour, (counts.get(colour) || 0) + 1);
  }
  const [ground] = [...counts].reduce((one, other) => other[1] > one[1] ? other : one);
  const best = Math.max(...[...counts.keys()].map(colour => contrast(ground, colour)));
  if (best < one.least) faults.push(`${one.text}: contrast ${best.toFixed(1)}`);
}
const corner = [...context.getImageData(1, 1, 1, 1).data].slice(0, 3);
return {faults, corner, seen: places.length};
})()
"""


def faults(page: Page) -> list[str]:
    """Texts that leave their place, are cut, or overlap; and whether the page scrolls sideways."""
    found: list[str] = page.evaluate(f"(() => {{{_HELPERS} return {_FAULTS.strip()}}})()")
    return found


def looked_at(page: Page) -> tuple[list[str], tuple[int, int, int], int]:
    """What its picture hides; the colour of the picture's corner; how much was looked at."""
    places = page.evaluate(f"(() => {{{_HELPERS} return {_PLACES.strip()}}})()")
    picture = base64.b64encode(page.picture()).decode()
    values = f"const places = {json.dumps(places)}, picture = {json.dumps(picture)};"
    found = page.evaluate(f"(() => {{{values} return {_LOOK.strip()}}})()")
    red, green, blue = found["corner"]
    return found["faults"], (red, green, blue), found["seen"]
