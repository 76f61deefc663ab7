package sfu

import (
	"testing"
	"time"
)

func TestLoudness(t *testing.T) {
	var l loudness
	now := time.Unix(1000, 0)
	if l.at(now) != 0 {
		t.Error("loud before anything came")
	}
	play := func(d time.Duration, level byte) {
		for end := now.Add(d); now.Before(end); now = now.Add(20 * time.Millisecond) {
			l.add(level, now)
		}
	}
	between := func(low, high float64) {
		t.Helper()
		if got := l.at(now); got < low || got > high {
			t.Errorf("loudness %.1f, want %.0f to %.0f", got, low, high)
		}
	}
	play(time.Second, 127)
	between(0, 0)
	play(60*time.Millisecond, 0x80|20) // a click; the bit for voice is no part of the level
	between(20, 40)
	play(time.Second, 20)
	between(105, 107)
	play(200*time.Millisecond, 127)
	between(30, 45)
	play(time.Second, 20)
	now = now.Add(loudnessHold - 20*time.Millisecond) // nothing comes, as between two packets
	between(105, 107)
	now = now.Add(loudnessTime)
	between(35, 42)
	now = now.Add(time.Minute)
	between(0, 0.01)
}

func TestTrackLevel(t *testing.T) {
	l := testLayer(Audio, "audio/opus")
	if l.track.Level() != 0 {
		t.Error("loud before anything came")
	}
	l.track.loudness.add(10, time.Now())
	l.track.loudness.add(10, time.Now().Add(time.Second))
	if got := l.track.Level(); got < 110 {
		t.Errorf("level %.0f", got)
	}
	l.track.Silence(true)
	if got := l.track.Level(); got != 0 {
		t.Errorf("level %.0f of who is silenced", got)
	}
}
