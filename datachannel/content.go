package datachannel

import (
	"fmt"
	"slices"
)

// maxID is the most bytes that an id has.
const maxID = 64

// readContent reads what a message to others says.
func (in *Inbound) readContent(m *members, limits *Limits) error {
	in.Data = m.data
	if m.bytes != nil {
		var n uint64
		if err := number(&n, "bytes", m.bytes, 0); err != nil {
			return err
		}
		if m.data != nil || n > maxEntry {
			return fmt.Errorf("both data and bytes, or too many")
		}
		in.owned, in.owns = true, int(n)
	}
	if err := word(&in.Type, "type", m.typ); err != nil {
		return err
	}
	return in.readTo(m.to, limits.Recipients)
}

// limit sets the refusal of a message that is above a limit.
func (in *Inbound) limit(depth, most int, limits *Limits) {
	refuse := func(code, text string, args ...any) {
		if in.Refusal == nil {
			in.Refusal = &Refusal{code, fmt.Sprintf(text, args...)}
		}
	}
	if size := max(len(in.Data), in.owns); size > most {
		refuse(codeTooLarge, "data has %d bytes, %d are allowed", size, most)
	}
	if len(in.Key) > limits.TypeBytes {
		refuse(codeTooLarge, "key has %d bytes, %d are allowed", len(in.Key), limits.TypeBytes)
	}
	if len(in.Type) > limits.TypeBytes {
		refuse(codeTooLarge, "type has %d bytes, %d are allowed", len(in.Type), limits.TypeBytes)
	}
	if len(in.To) > limits.Recipients {
		refuse(codeTooLarge, "to has more than %d ids", limits.Recipients)
	}
	if slices.ContainsFunc(in.To, func(id string) bool { return len(id) > maxID }) {
		refuse(codeTooLarge, "an id in to has more than %d bytes", maxID)
	}
	if in.Type == "" {
		refuse(codeBadMessage, "type is empty")
	}
	if depth > limits.Depth {
		refuse(codeBadMessage, "data is nested %d deep, %d is allowed", depth, limits.Depth)
	}
	if in.To != nil && len(in.To) == 0 {
		// An application that found nobody to send to must not reach everyone.
		refuse(codeNobody, "to is empty")
	}
}

// readTo reads most ids, and one more to show that there are too many.
func (in *Inbound) readTo(raw []byte, most int) error {
	if raw == nil {
		return nil
	}
	s := scanner{text: raw}
	if raw[0] != '[' {
		return fmt.Errorf("to is not an array")
	}
	in.To = []string{}
	s.at++
	for s.space() != ']' {
		from := s.at
		if !s.value(0) { // was scanned before
			return fmt.Errorf("to is not an array")
		}
		if len(in.To) <= most {
			id, ok := unquote(raw[from:s.at])
			if !ok {
				return fmt.Errorf("to is not an array of strings")
			}
			in.To = append(in.To, id)
		}
		if s.space() == ',' {
			s.at++
			s.space()
		}
	}
	return nil
}
