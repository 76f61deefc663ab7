package client

import (
	"encoding/json"
	"reflect"
	"testing"
)

func TestRoster(t *testing.T) {
	r := newRoster("p_me", []Participant{{ID: "p_me"}, {ID: "p_b", Name: "Ben"}})
	before := r.list()
	var log logFrame
	if err := (words{}).readLog(object{json: []byte(`{"t":"log","after":5,"position":12,"entries":[
		{"o":6,"event":"joined","participant":{"id":"p_c","identity":"cy","name":"Cy"}},
		{"o":7,"event":"published","id":"p_c","track":{"id":"t_1","kind":"audio","source":"microphone","muted":false}},
		{"o":8,"event":"muted","id":"p_c","track":"t_1","muted":true},
		{"o":9,"event":"published","id":"p_b","track":{"id":"t_2","kind":"video","source":"camera","muted":false}},
		{"o":10,"event":"unpublished","id":"p_b","track":"t_2"},
		{"o":11,"event":"left","id":"p_b","reason":"lost"},
		{"o":12,"from":"p_c","type":"chat","data":1}]}`)}, &log); err != nil {
		t.Fatal(err)
	}
	var events []Event
	for _, e := range log.entries {
		if !e.Event {
			continue
		}
		var h happening
		if err := json.Unmarshal(e.json, &h); err != nil {
			t.Fatal(err)
		}
		events = append(events, r.apply(&h))
	}
	want := []Event{
		{Offset: 6, Kind: "joined", Participant: "p_c", Name: "Cy"},
		{Offset: 7, Kind: "published", Participant: "p_c", Track: "t_1", Source: "microphone"},
		{Offset: 8, Kind: "muted", Participant: "p_c", Track: "t_1", Muted: true},
		{Offset: 9, Kind: "published", Participant: "p_b", Track: "t_2", Source: "camera"},
		{Offset: 10, Kind: "unpublished", Participant: "p_b", Track: "t_2"},
		{Offset: 11, Kind: "left", Participant: "p_b", Reason: "lost"},
	}
	if !reflect.DeepEqual(events, want) {
		t.Errorf("events\n%+v\nwant\n%+v", events, want)
	}
	if got, want := r.list(), []Participant{{
		ID: "p_c", Identity: "cy", Name: "Cy",
		Tracks: []Track{{ID: "t_1", Kind: "audio", Source: "microphone", Muted: true}},
	}}; !reflect.DeepEqual(got, want) {
		t.Errorf("roster %+v, want %+v", got, want)
	}
	if len(before) != 1 || before[0].Tracks != nil {
		t.Errorf("a list given out before was edited: %+v", before)
	}
}
