// Package page opens the HTML page of results in a browser, and checks what a reader sees.
// The page's text is tested in internal/report, without a browser. Start with measure, the
// script that a test puts into a page.
package page

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/podnet/podnet/internal/report"
	"github.com/podnet/podnet/internal/result"
)

var update = flag.Bool("update", false, "take the screenshot again")

// policy is the part of the page that forbids it to load anything else. A test has to
// remove it to run its own script. Then it also sees requests that the policy would have
// blocked.
const policy = `<meta http-equiv="Content-Security-Policy"`

// measure is a script in a page that reports sizes and colors that only a browser knows.
//
//	sizes      of each plot on the screen, in CSS pixels
//	contrasts  the least of a text of the plots, as WCAG 2.2 defines it
//	colliding  texts of the plots that lie on another or stick out
//	too wide   by how much the page is wider than the window
//	hidden     cells of tables with text that are not in the window
//	smallest   height of the smallest text of a plot
const measure = `<script>
addEventListener("load", () => {
  const luminance = c => c.match(/[\d.]+/g).slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = luminance(getComputedStyle(document.body).backgroundColor);
  const contrast = c => { const l = luminance(c); return (Math.max(l, ground) + 0.05) / (Math.min(l, ground) + 0.05); };
  const seen = {ground, hidden: 0, plots: [], tooWide: document.documentElement.scrollWidth - document.documentElement.clientWidth};
  for (const cell of document.querySelectorAll("section td, section tbody th")) {
    const at = cell.getBoundingClientRect();
    if (cell.textContent !== "" && (at.width < 1 || at.height < 1 || at.left < 0 || at.right > document.documentElement.clientWidth)) seen.hidden++;
  }
  for (const svg of document.querySelectorAll("figure svg")) {
    const frame = svg.getBoundingClientRect();
    const texts = [...svg.querySelectorAll("text")].map(t => ({says: t.textContent, at: t.getBoundingClientRect(), fill: getComputedStyle(t).fill}));
    const plot = {id: svg.id, width: frame.width, height: frame.height, contrast: Math.min(...texts.map(t => contrast(t.fill))),
      smallest: Math.min(...texts.map(t => t.at.height)), colliding: []};
    texts.forEach((t, i) => {
      if (t.at.left < frame.left - 1 || t.at.right > frame.right + 1 || t.at.top < frame.top - 1 || t.at.bottom > frame.bottom + 1)
        plot.colliding.push(t.says + " sticks out");
      for (const o of texts.slice(i + 1)) {
        // Half of a line's box is empty above and below its letters.
        const over = Math.min(t.at.bottom, o.at.bottom) - Math.max(t.at.top, o.at.top);
        if (t.at.left < o.at.right && o.at.left < t.at.right && over > 0.4 * Math.min(t.at.height, o.at.height))
          plot.colliding.push(t.says + " is on " + o.says);
      }
    });
    seen.plots.push(plot);
  }
  const pre = document.createElement("pre");
  pre.id = "seen";
  pre.textContent = JSON.stringify(seen);
  document.body.append(pre);
});
</script>`

type seen struct {
	Ground  float64 // luminance of the page's ground, from 0 to 1
	TooWide float64
	Hidden  int // cells with text
	Plots   []struct {
		ID            string
		Width, Height float64
		Contrast      float64
		Smallest      float64 // height of a text
		Colliding     []string
	}
}

// results gives the results of the report's golden files.
func results(t *testing.T, pattern string) (list []result.Result) {
	t.Helper()
	names, err := filepath.Glob("../../internal/report/testdata/" + pattern)
	if err != nil || names == nil {
		t.Fatalf("no results %s: %v", pattern, err)
	}
	for _, name := range names {
		r, err := result.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

func pageOf(t *testing.T, list []result.Result) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.Write(&b, "html", list...); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), policy); n != 1 {
		t.Fatalf("%d times %s in the page, want once", n, policy)
	}
	return b.String()
}

// open takes the policy out of a page and puts something in.
func open(page, with string) string {
	return strings.Replace(strings.Replace(page, policy, `<meta name="no-policy"`, 1), "</body>", with+"</body>", 1)
}

func TestPlotsAreSeen(t *testing.T) {
	b := newBrowser(t)
	page := open(pageOf(t, results(t, "*.json")), measure)
	for _, scheme := range []struct {
		name   string
		flag   string
		ground func(float64) bool
	}{
		{"light", "--blink-settings=preferredColorScheme=1", func(l float64) bool { return l > 0.8 }},
		{"dark", "--blink-settings=preferredColorScheme=0", func(l float64) bool { return l < 0.1 }},
	} {
		t.Run(scheme.name, func(t *testing.T) {
			dom := b.dom(t, page, scheme.flag, "--window-size=1200,1600")
			got := readSeen(t, dom)
			if !scheme.ground(got.Ground) {
				t.Errorf("the page's ground has luminance %.2f: it does not follow the color scheme", got.Ground)
			}
			if got.TooWide > 0 {
				t.Errorf("the page is %g pixels wider than its window", got.TooWide)
			}
			sizes := map[string]bool{}
			for _, p := range got.Plots {
				sizes[p.ID] = p.Width > 300 && p.Height > 100
				if p.Contrast < 4.5 || math.IsNaN(p.Contrast) {
					t.Errorf("%s: a text has a contrast of %.2f, want 4.5 (WCAG 2.2, 1.4.3)", p.ID, p.Contrast)
				}
				for _, text := range p.Colliding {
					t.Errorf("%s: %s", p.ID, text)
				}
			}
			for i, r := range results(t, "*.json") {
				if r.Method != result.NDR {
					continue
				}
				for _, plot := range []string{"loss", "latency", "throughput"} {
					if id := fmt.Sprintf("run%d-%s", i+1, plot); !sizes[id] {
						t.Errorf("%s cannot be seen", id)
					}
				}
			}
			for _, r := range b.requests() {
				t.Errorf("the page asked for %s", r)
			}
		})
	}
}

// On a phone no part of the page is wider than the window, hidden or unreadable: rows are
// cards, and each plot has a layout of its own.
func TestPageOnAPhone(t *testing.T) {
	b := newBrowser(t)
	got := readSeen(t, b.dom(t, open(pageOf(t, results(t, "*.json")), measure), "--window-size=390,844"))
	if got.TooWide > 0 {
		t.Errorf("the page is %g pixels wider than its window", got.TooWide)
	}
	if got.Hidden > 0 {
		t.Errorf("%d cells with text cannot be seen", got.Hidden)
	}
	shown := 0
	for _, p := range got.Plots {
		if narrow := strings.HasSuffix(p.ID, "-narrow"); (p.Width > 0) != narrow {
			t.Errorf("%s is %g pixels wide", p.ID, p.Width)
		} else if !narrow {
			continue
		}
		shown++
		// Chromium's window is no narrower than 500 pixels; on 390 all is smaller by so much.
		if high := p.Smallest * 358 / p.Width; p.Width > 500 || high < 11 {
			t.Errorf("%s is %g pixels wide, and its smallest text %.1f pixels high where it is 358", p.ID, p.Width, high)
		}
		for _, text := range p.Colliding {
			t.Errorf("%s: %s", p.ID, text)
		}
	}
	if shown < 3 {
		t.Errorf("%d plots are shown", shown)
	}
}

// A script from a hostile result cannot reach the network from the page.
func TestPageAsksForNothing(t *testing.T) {
	const (
		elsewhere = "http://elsewhere.test/pixel.png"
		image     = `<img src="` + elsewhere + `">`
	)
	b := newBrowser(t)
	page := pageOf(t, results(t, "ndr.json"))
	for _, c := range []struct {
		name, page string
		want       []string
	}{
		{"as it is", page, nil},
		{"without its policy", open(page, ""), nil},
		{"with an image", strings.Replace(page, "</body>", image+"</body>", 1), nil},
		// The proxy sees a request if there is one.
		{"with an image and without its policy", open(page, image), []string{"GET " + elsewhere}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if dom := b.dom(t, c.page); !strings.Contains(dom, "</article>") {
				t.Errorf("the browser does not show the page:\n%.500s", dom)
			}
			if got := b.requests(); strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("the page asked for %q, want %q", got, c.want)
			}
		})
	}
}

func TestScreenshot(t *testing.T) {
	const (
		name = "../../docs/images/report.png"
		most = 300_000 // bytes
	)
	if *update {
		b := newBrowser(t)
		takePicture(t, name, b.screenshot(t, pageOf(t, results(t, "ndr.json")), 1200, 2900))
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatalf("%v: -update takes it", err)
	}
	if _, err := png.DecodeConfig(bytes.NewReader(text)); err != nil || len(text) > most {
		t.Errorf("%s: %d bytes, want at most %d; %v", name, len(text), most, err)
	}
}

// takePicture writes a screenshot as a small file.
func takePicture(t *testing.T, name string, shot []byte) {
	t.Helper()
	picture, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		t.Fatal(err)
	}
	var small bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&small, fewColors(picture)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, small.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// fewColors reduces a picture to at most 256 colors, which makes the file two thirds
// smaller. Similar colors become the most frequent one of them.
func fewColors(picture image.Image) image.Image {
	uses := map[color.RGBA]int{}
	area := picture.Bounds()
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			uses[color.RGBAModel.Convert(picture.At(x, y)).(color.RGBA)]++
		}
	}
	order := slices.SortedFunc(maps.Keys(uses), func(a, b color.RGBA) int {
		return cmp.Or(uses[b]-uses[a], cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)))
	})
	alike := map[color.RGBA]bool{}
	var colors color.Palette
	for _, c := range order {
		const coarse = 4 // bits
		look := color.RGBA{c.R >> coarse, c.G >> coarse, c.B >> coarse, c.A}
		if !alike[look] && len(colors) < 256 {
			alike[look] = true
			colors = append(colors, c)
		}
	}
	painted := image.NewPaletted(area, colors)
	draw.Draw(painted, area, picture, area.Min, draw.Src)
	return painted
}

// readSeen finds the output of measure.
func readSeen(t *testing.T, dom string) (s seen) {
	t.Helper()
	readInto(t, dom, &s)
	return s
}

func readInto(t *testing.T, dom string, s any) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(dom))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		if n.Data == "pre" && len(n.Attr) == 1 && n.Attr[0].Val == "seen" && n.FirstChild != nil {
			if err := json.Unmarshal([]byte(n.FirstChild.Data), s); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatalf("the script did not run:\n%.500s", dom)
}
