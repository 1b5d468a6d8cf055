package report

import (
	"bytes"
	"fmt"
	"reflect"
	"regexp"
	"testing"

	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/internal/result/resulttest"
)

// fill sets every float64 that can be reached.
func fill(v reflect.Value, with float64) {
	switch v.Kind() {
	case reflect.Float64:
		if v.CanSet() {
			v.SetFloat(with)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			fill(v.Elem(), with)
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), with)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i), with)
			}
		}
	}
}

// Figures that no path gives do not make a column or a line that nobody can read.
func TestFiguresAreBoundedInWidth(t *testing.T) {
	digits := regexp.MustCompile(`[0-9]{30}`)
	held := func(t *testing.T, err error, text []byte) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if at := digits.FindIndex(text); at != nil {
			t.Errorf("a figure is too wide: %.300s", text[max(0, at[0]-100):])
		}
	}
	var b bytes.Buffer
	for _, value := range []float64{1e308, 1e20} {
		for _, format := range []string{"table", "markdown", "html", "junit", "summary"} {
			for name, r := range resulttest.Samples() {
				t.Run(fmt.Sprintf("%g/%s/%s", value, format, name), func(t *testing.T) {
					fill(reflect.ValueOf(&r), value)
					b.Reset()
					held(t, Write(&b, format, r), b.Bytes())
				})
			}
			t.Run(fmt.Sprintf("%g/%s/fabric", value, format), func(t *testing.T) {
				f := resulttest.Fabric(6, 2, 1, resulttest.SlowReceiver(3, 0, 0.4))
				fill(reflect.ValueOf(&f), value)
				b.Reset()
				held(t, WriteFabric(&b, format, f), b.Bytes())
			})
		}
		run := result.Run{Lcores: []result.Thread{{}}}
		fill(reflect.ValueOf(&run), value)
		b.Reset()
		held(t, WriteRun(&b, run), b.Bytes())
	}
}
