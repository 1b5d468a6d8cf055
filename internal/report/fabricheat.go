package report

import (
	"bytes"
	"encoding/base64"
	"html/template"
	"image"
	"image/color"
	"image/png"
	"math"

	"github.com/podnet/podnet/internal/result"
)

// Colors of the heat map, by how bad a figure is: from the one that is as expected to the
// worst. The script of the page has the same in its own words, from these.
var (
	heatLight = []color.RGBA{{0xe3, 0xe8, 0xee, 255}, {0xf9, 0xc9, 0x4a, 255}, {0xee, 0x7b, 0x1e, 255}, {0xc4, 0x3a, 0x4d, 255}, {0x80, 0x1f, 0x6c, 255}, {0x33, 0x0a, 0x5f, 255}}
	heatDark  = []color.RGBA{{0x2b, 0x33, 0x3d, 255}, {0x74, 0x22, 0x6e, 255}, {0xb5, 0x36, 0x55, 255}, {0xe6, 0x5f, 0x2e, 255}, {0xfb, 0xa4, 0x1a, 255}, {0xfc, 0xf7, 0x9c, 255}}

	missingLight, missingDark = color.RGBA{0x8d, 0xa9, 0xc4, 255}, color.RGBA{0x4f, 0x6d, 0x8a, 255}
)

// heatSteps is how many colors there are between the named ones.
const heatSteps = 48

// heatPalette is: nothing was planned, missing, then the colors by badness.
func heatPalette(stops []color.RGBA, missing color.RGBA) color.Palette {
	p := color.Palette{color.RGBA{}, missing}
	for i := range heatSteps + 1 {
		at := float64(i) / heatSteps * float64(len(stops)-1)
		low := min(int(at), len(stops)-2)
		part := at - float64(low)
		mix := func(a, b uint8) uint8 { return uint8(math.Round(float64(a)*(1-part) + float64(b)*part)) }
		a, b := stops[low], stops[low+1]
		p = append(p, color.RGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 255})
	}
	return p
}

// badness is how far below the median a rate is, from 0 to 1.
func badness(fraction float64) float64 { return min(1, max(0, 1-fraction)) }

// heatMap is a picture of the rates on two rails with a pixel per pair, by the sender's row
// and the receiver's column, in both color schemes.
func (v fabricView) heatMap(r result.RailPair) (light template.URL, dark template.Srcset) {
	n := len(v.Nodes)
	img := image.NewPaletted(image.Rect(0, 0, n, n), nil)
	for _, p := range v.pairs[r] {
		index := uint8(1)
		if f, ok := v.fraction(p); ok {
			index = 2 + uint8(math.Round(heatSteps*badness(f)))
		}
		img.SetColorIndex(p.To, p.From, index)
	}
	picture := func(p color.Palette) string {
		img.Palette = p
		var b bytes.Buffer
		if (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, img) != nil {
			return "" // of a matrix without nodes
		}
		return "data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes())
	}
	return template.URL(picture(heatPalette(heatLight, missingLight))), template.Srcset(picture(heatPalette(heatDark, missingDark)))
}
