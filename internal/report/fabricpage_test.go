package report

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"image/png"
	"math"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/internal/result/resulttest"
)

// The page works by itself: its policy allows its script by its hash, and nothing else.
func TestFabricPageStandsAlone(t *testing.T) {
	page := fabricForm(t, "html", fabricSamples()["small"], fabricSamples()["many"], hostileFabric(), fabricSamples()["empty"])
	scripts, ids := 0, map[string]bool{}
	for _, n := range nodes(t, page) {
		if id := attribute(n, "id"); id != "" {
			if ids[id] {
				t.Errorf("two elements have the id %s", id)
			}
			ids[id] = true
		}
		if slices.Contains([]string{"iframe", "object", "embed", "base", "form"}, n.Data) {
			t.Errorf("there is an element %s", n.Data)
		}
		for _, a := range n.Attr {
			switch {
			case strings.HasPrefix(a.Key, "on"):
				t.Errorf("%s has the attribute %s", n.Data, a.Key)
			case (a.Key == "src" || a.Key == "href" || a.Key == "srcset") && !strings.HasPrefix(a.Val, "data:"):
				t.Errorf("%s refers to %q", n.Data, a.Val)
			case a.Key == "content" && strings.Contains(a.Val, "default-src"):
				sum := sha256.Sum256([]byte(fabricJS))
				if want := "default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; a.Val != want {
					t.Errorf("the policy is %q, want %q", a.Val, want)
				}
			}
		}
		if n.Data == "script" && attribute(n, "type") == "" {
			scripts++
			if n.FirstChild == nil || n.FirstChild.Data != fabricJS {
				t.Error("the script is not the one that the policy allows")
			}
		}
		if n.Data == "style" && (strings.Contains(n.FirstChild.Data, "url(") || strings.Contains(n.FirstChild.Data, "@import")) {
			t.Error("the style loads something")
		}
	}
	if scripts != 1 {
		t.Errorf("%d scripts", scripts)
	}
}

// dataOf is what the script of a page gets.
func dataOf(t *testing.T, page string) (list []fabricData) {
	t.Helper()
	for _, n := range nodes(t, page) {
		if n.Data != "script" || attribute(n, "class") != "data" {
			continue
		}
		var d fabricData
		if err := json.Unmarshal([]byte(n.FirstChild.Data), &d); err != nil {
			t.Fatal(err)
		}
		list = append(list, d)
	}
	return list
}

// The script gets every figure of every pair.
func TestFabricPageHasTheFigures(t *testing.T) {
	f := fabricSamples()["trouble"]
	d := dataOf(t, fabricForm(t, "html", f))[0]
	raw, err := base64.StdEncoding.DecodeString(d.Rails[0].Mpps)
	if err != nil || len(raw) != 4*5*5 {
		t.Fatal(len(raw), err)
	}
	for _, p := range f.Pairs {
		at := p.From*5 + p.To
		got := math.Float32frombits(binary.LittleEndian.Uint32(raw[4*at:]))
		mpps, ok := p.Mpps()
		if ok && got != float32(mpps) || ok == math.IsNaN(float64(got)) {
			t.Errorf("%d to %d: %g, want %g (%t)", p.From, p.To, got, mpps, ok)
		}
	}
	if n := len(d.Rails[0].Notes); n != 9 || d.Rails[0].Notes["2"] != "dead: fabric-2: its connection ended in round 3" || d.Rails[0].Notes["1"] != "not valid: the generator was late with 12 packets" {
		t.Errorf("%d notes: %q", n, d.Rails[0].Notes)
	}
}

// Without its script the page has a picture with the color of each pair.
func TestFabricHeatMap(t *testing.T) {
	f := resulttest.Fabric(20, 1, 1, resulttest.SlowReceiver(7, 0, 0.2))
	pictures := 0
	for _, n := range nodes(t, fabricForm(t, "html", f)) {
		url := attribute(n, "src") + attribute(n, "srcset")
		if n.Data != "img" && n.Data != "source" {
			continue
		}
		pictures++
		img, err := png.Decode(base64.NewDecoder(base64.StdEncoding, strings.NewReader(strings.TrimPrefix(url, "data:image/png;base64,"))))
		if err != nil {
			t.Fatal(err)
		}
		if b := img.Bounds(); b.Dx() != 20 || b.Dy() != 20 {
			t.Errorf("%v", b)
		}
		if _, _, _, alpha := img.At(3, 3).RGBA(); alpha != 0 {
			t.Error("a node has a pair with itself")
		}
		good, bad := img.At(5, 3), img.At(7, 3)
		if img.At(4, 9) != good || bad == good || img.At(7, 9) == good {
			t.Errorf("from 3 to 5 %v, to 7 %v", good, bad)
		}
	}
	if pictures != 2 {
		t.Errorf("%d pictures, want one for each color scheme", pictures)
	}
}

// A document with many rails of many nodes has maps for as many as a browser loads.
func TestFabricPageIsBounded(t *testing.T) {
	defer func(before int) { maxCells = before }(maxCells)
	maxCells = 80_000
	f := resulttest.Fabric(2, 1, 1)
	f.Pairs[1].FromRail, f.Pairs[1].ToRail = 15, 15
	for i := range 98 {
		f.Nodes = append(f.Nodes, result.FabricNode{Index: i + 2})
	}
	for r := range 15 {
		p := f.Pairs[0]
		p.FromRail, p.ToRail = r+1, r
		f.Pairs = append(f.Pairs, p)
	}
	page := fabricForm(t, "html", f.Judged())
	maps, absent := strings.Count(page, `<figure class="heat"`), strings.Count(page, `The page has no room for this map`)
	if maps != 8 || absent != 9 || len(dataOf(t, page)[0].Rails) != 8 {
		t.Errorf("%d maps, %d are left out, of 17 rails", maps, absent)
	}
}

// The page of 200 nodes has a size that a browser loads.
func TestFabricPageSize(t *testing.T) {
	const most = 2_500_000
	page := fabricForm(t, "html", resulttest.Fabric(200, 2, 1))
	t.Logf("200 nodes with 2 rails: %d bytes", len(page))
	if len(page) > most {
		t.Errorf("%d bytes, want at most %d", len(page), most)
	}
	if _, err := html.Parse(strings.NewReader(page)); err != nil {
		t.Error(err)
	}
}
