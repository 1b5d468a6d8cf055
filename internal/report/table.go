package report

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// WriteTable writes the result for a person to read.
func (r Result) WriteTable(w io.Writer) error {
	p := newPrinter(w)
	p.line("%s -> %s, %d-byte frames, %.1f s", r.TX, r.RX, r.FrameBytes, r.Seconds)
	p.line("")
	p.line("\tpackets\tMpps\tGbit/s L1\tGbit/s L2")
	if r.Requested.Mpps != nil {
		p.line("requested\t\t%.4f\t%.4f\t%.4f", *r.Requested.Mpps, *r.Requested.GbpsL1, *r.Requested.GbpsL2)
	} else {
		p.line("requested\t\tmax\t\t")
	}
	p.traffic("sent", r.Sent)
	p.traffic("received", r.Received)
	p.line("lost\t%d\t%.4f %%\t\t", r.Lost, 100*r.LossRatio)
	p.line("")
	p.interfaces(r.Interfaces)
	if !r.Valid {
		p.line("")
		p.line("not valid: %s", r.Reason)
	}
	return p.flush()
}

// WriteTable writes the counters for a person to read.
func (r Run) WriteTable(w io.Writer) error {
	p := newPrinter(w)
	p.line("%s for %.1f s", r.Mode, r.Seconds)
	p.line("")
	p.interfaces(append(r.Interfaces, Interface{Name: "total", Counters: r.Total}))
	return p.flush()
}

// printer writes aligned columns and keeps the first error.
type printer struct {
	tw  *tabwriter.Writer
	err error
}

func newPrinter(w io.Writer) *printer {
	return &printer{tw: tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)}
}

// line writes cells that end in tabs, the last one too.
func (p *printer) line(format string, args ...any) {
	if format != "" {
		format += "\t"
	}
	if _, err := fmt.Fprintf(p.tw, format+"\n", args...); err != nil && p.err == nil {
		p.err = err
	}
}

func (p *printer) traffic(name string, t Traffic) {
	p.line("%s\t%d\t%.4f\t%.4f\t%.4f", name, t.Packets, t.Mpps, t.GbpsL1, t.GbpsL2)
}

func (p *printer) interfaces(list []Interface) {
	p.line("interface\trx packets\ttx packets\ttx refused\trx missed\trx no mbuf\terrors\tMAC")
	for _, i := range list {
		p.line("%s\t%d\t%d\t%d\t%d\t%d\t%d\t%s",
			i.Name, i.RxPackets, i.TxPackets, i.TxRefused, i.RxMissed, i.RxNoMbuf, i.RxErrors+i.TxErrors, i.MAC)
	}
}

func (p *printer) flush() error {
	if err := p.tw.Flush(); p.err == nil {
		p.err = err
	}
	return p.err
}
