// Package conformance holds a server to docs/protocol.md from the outside. It speaks only the wire and, but for one test,
// imports nothing of Parlor, so it can be turned on any server:
//
//	PARLOR_URL=http://localhost:8080 go test ./test/conformance
//
// The server must let everyone in. With PARLOR_KEY=name:secret it makes tokens too and tries those of a server at
// PARLOR_KEYED_URL, which takes nobody without. Without PARLOR_URL it builds parlor (or takes PARLOR_BIN) and starts it as
// the tests need it: open with small limits, with a key, without limits in the way, without patience; and for one test
// alone with a small log, or with a directory and killed under it. What needs these is left out elsewhere.
//
//	PARLOR_SEED=N           replays what is random in a test: a failure prints it
//	PARLOR_KILL_ROUNDS=N    how often TestKillNine kills the server, 10
//	PARLOR_FULL=1           the slow line and the stalled reader at their full size; give it -timeout 30m, or use make soak
//
// The client is person_test.go: a session and its bookkeeping, over lines of the four kinds (line_test.go for WebSockets,
// channel_test.go for data channels, rungs_test.go for HTTP). proxy_test.go does to TCP what networks do. What a server
// says against the protocol while a person listens, a gap or a double or a fate out of order, fails any test.
//
// # Failure cases
//
// Where each case that the suite must cover is shown; "elsewhere" is what takes a browser, or is not built yet.
//
//	 1  WebSocket to data channel in mid-burst          TestCase01…  switch_test.go
//	 2  data channel to WebSocket with 1 MiB buffered   TestCase02…  switch_test.go
//	 3  every rung and back, random kills               TestCase03…  switch_test.go
//	 4  switch during a message in pieces               TestCase04…  switch_test.go
//	 5  two links attach at once                        TestCase05…  switch_test.go
//	 6  late frames of a fenced link                    TestCase06…  switch_test.go
//	 7  resume before any message of the server         TestCase07…  again_test.go
//	 8  resume thrice, the first socket ends later      TestCase08…  again_test.go
//	 9  acknowledgement lost                            TestCase09…  again_test.go
//	10  duplicate and overlapping POSTs                 TestCase10…  posts_test.go
//	11  reordered POSTs                                 TestCase11…  posts_test.go
//	12  stale poll after attach                         TestCase12…  http_test.go
//	13  response to a poll lost                         TestCase13…  http_test.go
//	14  server-sent events through a buffering proxy    TestCase14…  http_test.go
//	15  sockets that die young                          TestCase15…  again_test.go
//	16  restart, log in memory                          TestCase16…  crash_test.go
//	17  restart, log on disk                            TestCase17…  crash_test.go
//	18  kill -9 between append and acknowledgement      TestCase18…  crash_test.go; TestKillNine  kill_test.go
//	19  grace expires one tick before attach            TestCase19…  again_test.go
//	20  resume below the log's tail                     TestCase20…  again_test.go
//	21  resume above its head                           TestCase21…  again_test.go
//	22  forged, replayed, other rooms' tokens           TestCase22…  again_test.go
//	23  join during a burst                             TestCase23…  join_test.go
//	24  message on joined reaches the joiner            TestCase24…  join_test.go
//	25  large snapshot on a slow line                   TestCase25…  join_test.go
//	26  stalled reader                                  TestCase26…  slow_test.go
//	27  queue of the data channel full                  TestCase27…  slow_test.go; a browser's own queue: web/sdk/test/link.test.ts
//	28  sizes                                           TestCase28…  large_test.go
//	29  characters split across pieces                  TestCase29…  large_test.go
//	30  hostile pieces                                  TestCase30…  pieces_test.go
//	31  bombs                                           TestCase31…  pieces_test.go
//	32  binary over every rung                          TestCase32…  large_test.go
//	33  JSON edge cases                                 TestCase33…  json_test.go
//	34  targeted messages leave no gaps                 TestCase34…  order_test.go
//	35  two senders, one order                          TestCase35…  order_test.go
//	36  version and nonce ties                          TestCase36…  state_test.go
//	37  delete against offline edit                     TestCase37…  state_test.go
//	38  compare-and-set race                            TestCase38…  state_test.go
//	39  owners and times at crash and leave             TestCase39…  state_test.go
//	40  cursor flood                                    TestCase40…  lossy_test.go
//	41  rate limit slows and loses nothing              TestCase41…  message_test.go
//	42  frozen, asleep, another network                 TestCase42…  away_test.go; a real page for 90 s: test/e2e
//	43  silent death of a data channel                  TestCase43…  away_test.go; the SDK's timer: test/e2e
//	44  clocks jump                                     TestCase44…  away_test.go; the server's own: datachannel/clock_test.go
//	45  500 reconnect within a second                   TestCase45…  slow_test.go
//	46  the same participant in two tabs                TestCase46…  join_test.go
//	47  kick during resume                              TestCase47…  away_test.go, by replacing; by REST: with the admin door
//	48  leave by sendBeacon                             elsewhere: test/e2e
//	49  the seeds' shims in real browsers               not yet: there are no shims. They come with the doors for them
//	50  Yjs join and compaction                         not yet: there is no Yjs. It comes with its door
//
// Beside these: a full disk and an allowance that is used up, TestFull…, full_test.go; pictures meanwhile, test/e2e. What is
// shown and heard: views, layers, speakers and muting by admins, shown_test.go, with media of studio_test.go.
package conformance
