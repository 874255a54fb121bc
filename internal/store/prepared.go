package store

import (
	"context"
	"database/sql/driver"
	"slices"
)

const (
	manyArguments = 512 // of a statement that is worth preparing: 31 rows of samples
	maxPrepared   = 32  // statements that a connection keeps
)

// conn is what a connection of the MySQL driver can do.
type conn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.NamedValueChecker
	driver.Pinger
	driver.QueryerContext
	driver.SessionResetter
	driver.Validator
}

// preparing is a connection that prepares statements with many arguments and keeps them. An INSERT of n rows is another
// statement for each n, and a server spends half of its time for one on reading its text; prepared, only the values
// go there. Small statements go as text: to prepare one costs a round trip, and there is little to save.
type preparing struct {
	conn
	kept []prepared // the one used last at the end
}

type prepared struct {
	query     string
	statement driver.StmtExecContext
}

// ExecContext executes a statement, prepared where that pays.
func (p *preparing) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if len(args) < manyArguments {
		return p.conn.ExecContext(ctx, query, args)
	}
	at := slices.IndexFunc(p.kept, func(k prepared) bool { return k.query == query })
	if at < 0 {
		statement, err := p.PrepareContext(ctx, query)
		if err != nil { // nothing was executed, and the server may be short of such statements only
			return p.conn.ExecContext(ctx, query, args)
		}
		at = len(p.kept)
		p.kept = append(p.kept, prepared{query, statement.(driver.StmtExecContext)})
	}
	this := p.kept[at]
	p.kept = append(slices.Delete(p.kept, at, at+1), this)
	if len(p.kept) > maxPrepared {
		p.forget(0)
	}
	result, err := this.statement.ExecContext(ctx, args)
	if err != nil {
		p.forget(len(p.kept) - 1)
	}
	return result, err
}

func (p *preparing) forget(at int) {
	_ = p.kept[at].statement.(driver.Stmt).Close() // the connection shows by itself whether it lives
	p.kept = slices.Delete(p.kept, at, at+1)
}
