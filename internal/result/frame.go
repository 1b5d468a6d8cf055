package result

// Frame is a size of frames or a mix of sizes.
type Frame struct {
	Name  string  `json:"name"`          // as 64 or imix
	Bytes float64 `json:"bytes"`         // on the wire, with the FCS; of a mix the mean
	Mix   []Share `json:"mix,omitempty"` // of a mix
}

// String names the frames in a sentence.
func (f Frame) String() string {
	if f.Mix != nil {
		return f.Name + " frames"
	}
	return f.Name + "-byte frames"
}
