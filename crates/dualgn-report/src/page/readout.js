// Shows the values of all methods nearest to the pointer. The circles of a chart carry them in their titles.
"use strict";
for (const svg of document.querySelectorAll("figure svg")) {
  const guide = svg.querySelector(".guide");
  const methods = [...svg.querySelectorAll(".points .method")].map((group) => ({
    style: group.getAttribute("class"),
    points: [...group.querySelectorAll("circle")].map((circle) => ({
      x: circle.cx.baseVal.value,
      circle,
      text: circle.textContent,
    })),
  }));
  if (!guide || !methods.some((method) => method.points.length)) continue;
  const readout = document.createElement("div");
  readout.className = "readout";
  readout.hidden = true;
  svg.parentElement.append(readout);
  svg.querySelector(".points").style.pointerEvents = "none"; // instead of the browser's own tooltips

  const hide = () => {
    readout.hidden = true;
    guide.classList.remove("shown");
    for (const { points } of methods) for (const { circle } of points) circle.classList.remove("near");
  };
  const show = (event) => {
    hide();
    const inverse = svg.getScreenCTM().inverse();
    const x = new DOMPoint(event.clientX, event.clientY).matrixTransform(inverse).x;
    const distance = (point) => Math.abs(point.x - x);
    const near = methods
      .filter((method) => method.points.length)
      .map(({ style, points }) => ({ style, ...points.reduce((a, b) => (distance(b) < distance(a) ? b : a)) }));
    const nearest = near.reduce((a, b) => (distance(b) < distance(a) ? b : a));
    guide.setAttribute("x1", nearest.x);
    guide.setAttribute("x2", nearest.x);
    guide.classList.add("shown");
    readout.replaceChildren(
      ...near.map(({ style, text, circle }) => {
        circle.classList.add("near");
        const line = document.createElement("div");
        line.className = style;
        line.textContent = text;
        return line;
      }),
    );
    readout.hidden = false;
    // Beside the pointer, on the side with more room.
    const box = svg.parentElement.getBoundingClientRect();
    const left = event.clientX - box.left;
    const room = box.width - readout.offsetWidth;
    readout.style.left = `${Math.max(0, Math.min(room, left > box.width / 2 ? left - readout.offsetWidth - 14 : left + 14))}px`;
    readout.style.top = `${event.clientY - box.top + 14}px`;
  };
  svg.addEventListener("pointermove", show);
  svg.addEventListener("pointerdown", show);
  svg.addEventListener("pointerleave", hide);
}
