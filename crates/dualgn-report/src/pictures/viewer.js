// Turns, zooms and lights the surfaces of the page with WebGL. Each canvas carries its mesh: whole numbers of 16 bits for places
// and normals, of 32 for corners.
for (const canvas of document.querySelectorAll('canvas.surface')) {
  const bytes = (name) => Uint8Array.from(atob(canvas.dataset[name]), (c) => c.charCodeAt(0)).buffer;
  const gl = canvas.getContext('webgl2', { antialias: true, alpha: true, preserveDrawingBuffer: true });
  if (!gl) { canvas.replaceWith('This browser shows no three-dimensional pictures.'); continue; }
  const shader = (kind, text) => {
    const made = gl.createShader(kind);
    gl.shaderSource(made, text);
    gl.compileShader(made);
    return made;
  };
  const program = gl.createProgram();
  gl.attachShader(program, shader(gl.VERTEX_SHADER, `#version 300 es
    in vec3 place; in vec3 normal; uniform mat3 turn; uniform float zoom; out vec3 n;
    void main() { vec3 p = turn * place * zoom; n = turn * normal; gl_Position = vec4(p.xy / 1.15, -p.z / 8.0, 1.0); }`));
  gl.attachShader(program, shader(gl.FRAGMENT_SHADER, `#version 300 es
    precision highp float; in vec3 n; out vec4 colour;
    void main() {
      vec3 m = normalize(n); if (m.z < 0.0) m = -m;
      float lit = max(dot(m, normalize(vec3(0.5, 0.7, 0.8))), 0.0);
      colour = vec4(vec3(0.62, 0.72, 0.84) * (0.22 + 0.68 * lit + 0.10 * m.z) + 0.25 * pow(lit, 24.0), 1.0);
    }`));
  gl.linkProgram(program);
  gl.useProgram(program);
  const attribute = (name, data) => {
    const at = gl.getAttribLocation(program, name);
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, new Int16Array(data), gl.STATIC_DRAW);
    gl.enableVertexAttribArray(at);
    gl.vertexAttribPointer(at, 3, gl.SHORT, true, 0, 0);
  };
  attribute('place', bytes('places'));
  attribute('normal', bytes('normals'));
  const corners = new Uint32Array(bytes('corners'));
  gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
  gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, corners, gl.STATIC_DRAW);
  gl.enable(gl.DEPTH_TEST);
  let [yaw, pitch, zoom, moved] = [-0.35, 0.25, 1, null];
  const draw = () => {
    const size = canvas.clientWidth * devicePixelRatio;
    canvas.width = canvas.height = size;
    gl.viewport(0, 0, size, size);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    const [s, c, r, q] = [Math.sin(yaw), Math.cos(yaw), Math.sin(pitch), Math.cos(pitch)];
    gl.uniformMatrix3fv(gl.getUniformLocation(program, 'turn'), false, [c, r * s, -q * s, 0, q, r, s, -r * c, q * c]);
    gl.uniform1f(gl.getUniformLocation(program, 'zoom'), zoom);
    gl.drawElements(gl.TRIANGLES, corners.length, gl.UNSIGNED_INT, 0);
  };
  canvas.onpointerdown = (event) => { moved = [event.clientX, event.clientY]; canvas.setPointerCapture(event.pointerId); };
  canvas.onpointerup = () => { moved = null; };
  canvas.onpointermove = (event) => {
    if (!moved) return;
    yaw += (event.clientX - moved[0]) / 120;
    pitch = Math.max(-1.5, Math.min(1.5, pitch + (event.clientY - moved[1]) / 120));
    moved = [event.clientX, event.clientY];
    draw();
  };
  canvas.onwheel = (event) => { event.preventDefault(); zoom = Math.max(0.5, Math.min(8, zoom * Math.exp(-event.deltaY / 500))); draw(); };
  canvas.onkeydown = (event) => {
    const turn = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] }[event.key];
    if (!turn) return;
    event.preventDefault();
    yaw += turn[0];
    pitch += turn[1];
    draw();
  };
  new ResizeObserver(draw).observe(canvas);
  draw();
}
