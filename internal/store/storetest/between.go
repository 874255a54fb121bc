package storetest

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
)

// Fate is what becomes of a statement on its way to the database, and of its answer on the way back. The zero value
// lets both pass.
type Fate struct{ Statement, Answer Leg }

// Leg is one of the two ways.
type Leg struct {
	Delay time.Duration
	Cut   bool // the connection dies, after the delay, and what was on this way is lost
}

// Between puts a proxy between a store and the database of dsn, which is on a Unix socket, and returns the DSN that
// leads through it. Of every statement that is to be executed, prepared or not, decide says what becomes of it; it is
// called from several goroutines.
func Between(t testing.TB, dsn string, decide func(statement string) Fate) string {
	t.Helper()
	config, err := mysql.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	database := config.Addr
	config.Addr = filepath.Join(t.TempDir(), "sock")
	var listen net.ListenConfig
	ln, err := listen.Listen(t.Context(), "unix", config.Addr)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context())) // until what uses the proxy has stopped
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			client, err := ln.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { join(ctx, client, database, decide) })
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		cancel()
		serving.Wait()
	})
	return config.FormatDSN()
}

// link is one client's connection through the proxy.
type link struct {
	ctx      context.Context
	client   net.Conn
	database *net.UnixConn
	lost     atomic.Bool  // no answer goes back any more
	due      atomic.Int64 // when an answer may go back, in Unix nanoseconds

	mu        sync.Mutex
	preparing string            // the statement whose number the next answer brings
	prepared  map[uint32]string // by number
}

// join serves a client until one of the sides ends or ctx does.
func join(ctx context.Context, client net.Conn, socket string, decide func(string) Fate) {
	defer client.Close()
	database, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		return // the database is away, which the client sees by its connection's end
	}
	defer func() { _ = database.Close() }()
	l := &link{ctx: ctx, client: client, database: database, prepared: map[uint32]string{}}
	stop := context.AfterFunc(ctx, l.end)
	defer stop()
	var answering sync.WaitGroup
	answering.Go(l.answer)
	l.ask(decide)
	answering.Wait()
}

func (l *link) end() {
	_ = l.client.Close()
	_ = l.database.Close()
}

// ask carries the client's packets to the database.
func (l *link) ask(decide func(string) Fate) {
	for {
		packet, err := readPacket(l.client)
		if err != nil {
			l.end()
			return
		}
		var fate Fate
		if statement := l.executes(packet); statement != "" {
			fate = decide(statement)
		}
		l.wait(fate.Statement.Delay)
		if fate.Statement.Cut {
			l.end()
			return
		}
		l.lost.Store(fate.Answer.Cut)
		l.due.Store(time.Now().Add(fate.Answer.Delay).UnixNano())
		if _, err := l.database.Write(packet); err != nil {
			l.end()
			return
		}
		if fate.Answer.Cut {
			l.wait(fate.Answer.Delay)
			_ = l.client.Close()
			// The database closes its side when it has carried out what it heard and finds nobody to tell.
			_ = l.database.CloseWrite()
			return
		}
	}
}

// answer carries the database's answers to the client.
func (l *link) answer() {
	buffer := make([]byte, 64<<10)
	for {
		n, err := l.database.Read(buffer)
		l.note(buffer[:n])
		l.wait(time.Until(time.Unix(0, l.due.Load())))
		if n > 0 && !l.lost.Load() {
			_, _ = l.client.Write(buffer[:n]) // ask notices a client that has gone
		}
		if err != nil {
			_ = l.client.Close()
			return
		}
	}
}

func (l *link) wait(d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-l.ctx.Done():
	}
}

const packetHeader = 4 // three bytes of length, the lowest first, and a sequence number

func readPacket(r io.Reader) ([]byte, error) {
	header := make([]byte, packetHeader)
	if _, err := io.ReadFull(r, header); err != nil {
		return nil, err
	}
	length := binary.LittleEndian.Uint32(header) & 0xffffff
	packet := append(header, make([]byte, length)...) //nolint:gocritic // the header is the packet's own
	_, err := io.ReadFull(r, packet[packetHeader:])
	return packet, err
}

// executes is the statement that a packet of the client executes, empty for none: the text of a COM_QUERY, or that of
// the prepared statement whose number a COM_STMT_EXECUTE names.
func (l *link) executes(packet []byte) string {
	const comQuery, comPrepare, comExecute = 3, 22, 23
	if len(packet) <= packetHeader || packet[3] != 0 { // not the first of its exchange
		return ""
	}
	command, rest := packet[packetHeader], packet[packetHeader+1:]
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case command == comQuery:
		return string(rest)
	case command == comPrepare:
		l.preparing = string(rest)
	case command == comExecute && len(rest) >= 4:
		return l.prepared[binary.LittleEndian.Uint32(rest)]
	}
	return ""
}

// note keeps the number of a statement that the database has prepared.
func (l *link) note(answer []byte) {
	const ok = 0
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.preparing != "" && len(answer) >= packetHeader+5 && answer[packetHeader] == ok {
		l.prepared[binary.LittleEndian.Uint32(answer[packetHeader+1:])] = l.preparing
	}
	l.preparing = ""
}
