package page

import (
	"bytes"
	"fmt"
	"image/png"
	"os"
	"strings"
	"testing"

	"github.com/podnet/podnet/internal/report"
	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/internal/result/resulttest"
)

func fabricPage(t *testing.T, f result.Fabric) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.WriteFabric(&b, "html", f); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), policy); n != 1 {
		t.Fatalf("%d times %s in the page, want once", n, policy)
	}
	return b.String()
}

// probe is a script in a page that uses the page like a reader, and reports what the
// browser shows. It chooses the pair that the arrow keys reach first.
const probe = `<script>
addEventListener("load", () => {
  const seen = {tooWide: document.documentElement.scrollWidth - document.documentElement.clientWidth, maps: []};
  for (const figure of document.querySelectorAll("figure.heat")) {
    const canvas = figure.querySelector(".scroll canvas"), [shown, rows, columns] = figure.querySelectorAll("select");
    const pixels = () => { const c = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data; let h = 0; for (const v of c) h = (31 * h + v) | 0; return h; };
    const set = (select, value) => { select.value = value; select.dispatchEvent(new Event("change")); };
    const looks = [pixels()];
    set(shown, "p99"); looks.push(pixels());
    set(shown, "mpps"); set(rows, "slow"); set(columns, "slow"); looks.push(pixels());
    canvas.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowRight"}));
    const box = canvas.getBoundingClientRect();
    seen.maps.push({width: box.width, height: box.height, looks, hidden: [...figure.querySelectorAll(".static")].every(e => !e.offsetParent),
      chosen: figure.querySelector(".chosen").innerText});
  }
  const pre = document.createElement("pre");
  pre.id = "seen";
  pre.textContent = JSON.stringify(seen);
  document.body.append(pre);
});
</script>`

type fabricSeen struct {
	TooWide float64
	Maps    []struct {
		Width, Height float64
		Looks         []int64
		Hidden        bool
		Chosen        string
	}
}

func simulated(nodes int) result.Fabric {
	switch nodes {
	case 6:
		return resulttest.Fabric(6, 1, 1, resulttest.SlowReceiver(3, 0, 0.41))
	case 60:
		f := resulttest.Fabric(60, 1, 2, resulttest.Generations(18, 0.6), resulttest.SlowSender(40, 0, 0.3))
		return resulttest.Lose(f, 25, result.FabricDead, "fabric-25: its connection ended in round 7")
	}
	return resulttest.Fabric(nodes, 1, 3, resulttest.SlowReceiver(7, 0, 0.41), resulttest.SlowSender(120, 0, 0.6), resulttest.SlowLink(33, 90, 0, 0.2))
}

// The heat map is drawn, sorted and read at each size, on a screen and on a phone.
func TestFabricIsDrawn(t *testing.T) {
	b := newBrowser(t)
	for _, nodes := range []int{6, 60, 200} {
		page := open(fabricPage(t, simulated(nodes)), probe)
		for _, width := range []int{1200, 500} {
			t.Run(fmt.Sprintf("%d nodes, %d pixels", nodes, width), func(t *testing.T) {
				var got fabricSeen
				readInto(t, b.dom(t, page, fmt.Sprintf("--window-size=%d,900", width)), &got)
				if got.TooWide > 0 {
					t.Errorf("the page is %g pixels wider than its window", got.TooWide)
				}
				if len(got.Maps) != 1 {
					t.Fatalf("%d heat maps", len(got.Maps))
				}
				m := got.Maps[0]
				if m.Width < 200 || m.Height < 200 || !m.Hidden {
					t.Errorf("%g by %g pixels, the replacement for readers without scripts is hidden: %t", m.Width, m.Height, m.Hidden)
				}
				if m.Looks[0] == m.Looks[1] || m.Looks[0] == m.Looks[2] {
					t.Errorf("the picture does not change with the figure and the order: %v", m.Looks)
				}
				for _, want := range []string{"from", "Mpps", "of the median", "99 % within"} {
					if !strings.Contains(m.Chosen, want) {
						t.Errorf("the figures of the chosen pair are %q, want %q", m.Chosen, want)
					}
				}
				// The worst receiver is the first column, or the second beside itself.
				if nodes == 200 && !strings.Contains(m.Chosen, "node-7") && !strings.Contains(m.Chosen, "node-120") {
					t.Errorf("worst first, the first pair is %q", m.Chosen)
				}
				for _, r := range b.requests() {
					t.Errorf("the page asked for %s", r)
				}
			})
		}
	}
}

// Under the page's policy its own script runs, and no other does.
func TestFabricPolicy(t *testing.T) {
	const elsewhere = "http://elsewhere.test/pixel.png"
	b := newBrowser(t)
	page := fabricPage(t, simulated(6))
	dom := b.dom(t, page)
	if !strings.Contains(dom, `class="chosen"`) {
		t.Error("the script of the page does not run")
	}
	other := `<script>document.body.append("another script ran")</script><img src="` + elsewhere + `" onerror="document.body.append('another script ran')">`
	dom = b.dom(t, strings.Replace(page, "</body>", other+"</body>", 1))
	if strings.Count(dom, "another script ran") != strings.Count(other, "another script ran") || !strings.Contains(dom, `class="chosen"`) {
		t.Error("a script that is not the page's runs")
	}
	for _, r := range b.requests() {
		t.Errorf("the page asked for %s", r)
	}
}

// sorted puts the worst first and chooses a pair, as a reader would.
const sorted = `<script>
addEventListener("load", () => {
  for (const s of [...document.querySelectorAll("select")].filter((_, i) => i % 3)) { s.value = "slow"; s.dispatchEvent(new Event("change")); }
  const canvas = document.querySelector(".scroll canvas");
  for (const key of ["ArrowRight", "ArrowDown", "ArrowDown"]) canvas.dispatchEvent(new KeyboardEvent("keydown", {key}));
});
</script>`

func TestFabricScreenshots(t *testing.T) {
	const most = 150_000 // bytes
	for _, c := range []struct {
		nodes, height int
		with          string
	}{{6, 1150, ""}, {60, 1450, ""}, {200, 1500, sorted}} {
		name := fmt.Sprintf("../../docs/images/fabric-%d.png", c.nodes)
		if *update {
			takePicture(t, name, newBrowser(t).screenshot(t, open(fabricPage(t, simulated(c.nodes)), c.with), 1200, c.height))
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatalf("%v: -update takes it", err)
		}
		if _, err := png.DecodeConfig(bytes.NewReader(text)); err != nil || len(text) > most {
			t.Errorf("%s: %d bytes, want at most %d; %v", name, len(text), most, err)
		}
	}
}
