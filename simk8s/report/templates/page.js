(function () {
  "use strict";
  var figures = {};
  function narrow() { return window.innerWidth < 640; }

  // Colours in figures are written as CSS variables; plotly wants values.
  function colour(text, style) {
    var match = /^var\((--[a-z0-9-]+)\)$/.exec(text);
    return match ? style.getPropertyValue(match[1]).trim() || "#888" : text;
  }
  function resolve(value, style) {
    if (typeof value === "string") { return colour(value, style); }
    if (Array.isArray(value)) { return value.map(function (item) { return resolve(item, style); }); }
    if (value && typeof value === "object") {
      var copy = {};
      Object.keys(value).forEach(function (key) { copy[key] = resolve(value[key], style); });
      return copy;
    }
    return value;
  }
  function page() { return getComputedStyle(document.documentElement); }

  // Every second tick where there is no room for all.
  function fit(layout) {
    layout.font.size = 11;
    var x = layout.xaxis;
    if (x.tickvals && x.tickvals.length > 6) {
      var even = function (_, i) { return i % 2 === 0; };
      x.tickvals = x.tickvals.filter(even);
      x.ticktext = x.ticktext.filter(even);
    }
  }

  function picture(id) {
    return {
      name: "picture", title: "Save as a picture", icon: Plotly.Icons.camera,
      click: function (chart) {
        var layout = Object.assign({}, chart.layout, { showlegend: true, legend: { orientation: "h", y: 1.02, yanchor: "bottom" }, paper_bgcolor: colour("var(--surface)", page()) });
        Plotly.downloadImage({ data: chart.data, layout: layout }, { format: "png", width: 1200, height: 600, scale: 2, filename: id });
      }
    };
  }

  function draw(id) {
    var figure = figures[id], style = page();
    var data = resolve(figure.data, style), layout = resolve(figure.layout, style);
    figure.visible.forEach(function (visible, i) { data[i].visible = visible; });
    if (figure.range) { layout.xaxis.range = figure.range; }
    if (narrow()) { fit(layout); }
    legend(id, style);
    return Plotly.react(id, data, layout, figure.config);
  }

  // A legend of our own: it wraps, and its entries are buttons.
  function legend(id, style) {
    var figure = figures[id], box = figure.legend;
    box.textContent = "";
    figure.data.forEach(function (trace, i) {
      if ((trace.type !== "scatter" && trace.type !== "bar") || trace.showlegend === false || figure.visible[i] === false) { return; }
      var button = document.createElement("button"), key = document.createElement("i");
      button.type = "button";
      button.setAttribute("aria-pressed", figure.visible[i] === true ? "true" : "false");
      if (trace.mode === "markers") {
        key.className = "dot"; key.style.background = colour(trace.marker.color, style);
      } else if (trace.type === "bar") {
        key.className = "area"; key.style.background = colour(trace.marker.color, style);
      } else if (trace.stackgroup) {
        key.className = "area"; key.style.background = colour(trace.fillcolor, style);
      } else {
        key.style.borderTopColor = colour(trace.line.color, style);
        key.style.borderTopStyle = { dot: "dotted", dash: "dashed", dashdot: "dashed", longdash: "dashed" }[trace.line.dash] || "solid";
      }
      var name = trace.name.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
      button.append(key, document.createTextNode(name));
      button.addEventListener("click", function () {
        figure.visible[i] = figure.visible[i] === true ? "legendonly" : true;
        draw(id);
      });
      box.append(button);
    });
  }

  function choose(id, chosen, buttons) {
    var figure = figures[id];
    figure.data.forEach(function (_, i) {
      var mine = figure.choices.some(function (traces) { return traces.indexOf(i) >= 0; });
      if (mine) { figure.visible[i] = figure.choices[chosen].indexOf(i) >= 0; }
    });
    buttons.forEach(function (button, i) { button.setAttribute("aria-pressed", i === chosen ? "true" : "false"); });
    draw(id);
  }

  // Charts over simulated time show the same stretch of it.
  var linking = false;
  function follow(id, change) {
    var range = change["xaxis.range"] || (change["xaxis.range[0]"] !== undefined ? [change["xaxis.range[0]"], change["xaxis.range[1]"]] : null);
    if (linking || !(range || change["xaxis.autorange"])) { return; }
    linking = true;
    var timed = Object.keys(figures).filter(function (other) { return figures[other].time; });
    Promise.all(timed.map(function (other) {
      figures[other].range = range ? range.slice() : null;
      var wanted = (range || figures[other].layout.xaxis.range).slice();
      return other === id && range ? null : Plotly.relayout(other, { "xaxis.range": wanted });
    })).then(function () { linking = false; }, function () { linking = false; });
  }

  document.querySelectorAll("script[data-figure]").forEach(function (script) {
    var id = script.getAttribute("data-figure"), chart = document.getElementById(id);
    var figure = JSON.parse(script.textContent);
    figure.visible = figure.data.map(function (trace) { return trace.visible === undefined ? true : trace.visible; });
    figure.legend = document.createElement("div");
    figure.legend.className = "legend";
    chart.before(figure.legend);
    // One object for good: with another one plotly would start anew and forget its listeners.
    figure.config = {
      responsive: true, displaylogo: false, displayModeBar: !narrow(),
      modeBarButtons: [[picture(id), "resetScale2d"]]
    };
    figures[id] = figure;
    draw(id).then(function () {
      if (figure.time) { chart.on("plotly_relayout", function (change) { follow(id, change); }); }
    });
  });
  document.querySelectorAll("[data-choices]").forEach(function (group) {
    var buttons = Array.prototype.slice.call(group.querySelectorAll("button"));
    buttons.forEach(function (button, i) {
      button.addEventListener("click", function () { choose(group.getAttribute("data-choices"), i, buttons); });
    });
  });
  var dark = window.matchMedia("(prefers-color-scheme: dark)");
  if (dark.addEventListener) { dark.addEventListener("change", function () { Object.keys(figures).forEach(draw); }); }
})();
