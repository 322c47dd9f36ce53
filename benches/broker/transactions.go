package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// client makes a client for the broker, over TLS where a certificate is given.
func (o *options) client(opts ...kgo.Opt) (*kgo.Client, error) {
	seed, err := o.seed()
	if err != nil {
		return nil, err
	}
	return kgo.NewClient(append(seed, opts...)...)
}

func (o *options) seed() ([]kgo.Opt, error) {
	opts := []kgo.Opt{kgo.SeedBrokers(o.bootstrap)}
	if o.tlsCA != "" {
		pem, err := os.ReadFile(o.tlsCA)
		if err != nil {
			return nil, err
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s has no certificate", o.tlsCA)
		}
		opts = append(opts, kgo.DialTLSConfig(&tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS13}))
	}
	return opts, nil
}

// transactions runs producers with transactional ids of their own, each of which begins a transaction, produces -per records to the
// partitions in turn and commits, one after the other. Latency is that of a whole transaction.
func transactions(o *options) (map[string]any, error) {
	drop, err := o.create()
	if err != nil {
		return nil, err
	}
	defer drop()
	value := payloads(o.size)[0]
	clients := make([]*kgo.Client, o.conns)
	ctx := context.Background()
	one := func(cl *kgo.Client) error {
		if err := cl.BeginTransaction(); err != nil {
			return err
		}
		records := make([]*kgo.Record, o.per)
		for i := range records {
			records[i] = &kgo.Record{Topic: o.topic, Partition: int32(i % o.partitions), Value: value}
		}
		if err := cl.ProduceSync(ctx, records...).FirstErr(); err != nil {
			return err
		}
		return cl.EndTransaction(ctx, kgo.TryCommit)
	}
	for i := range clients {
		cl, err := o.client(kgo.TransactionalID(fmt.Sprintf("%s-%d", o.topic, i)), kgo.RecordPartitioner(kgo.ManualPartitioner()),
			kgo.ProducerLinger(0), kgo.RecordDeliveryTimeout(30*time.Second))
		if err != nil {
			return nil, err
		}
		defer cl.Close()
		if err := one(cl); err != nil {
			return nil, err
		}
		clients[i] = cl
	}
	start := time.Now()
	from, until := start.Add(o.warmup), start.Add(o.warmup+o.seconds)
	h := new(histogram)
	var measured, all atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, len(clients))
	for i, cl := range clients {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for errs[i] == nil && time.Now().Before(until) {
				began := time.Now()
				errs[i] = one(cl)
				all.Add(1)
				if now := time.Now(); now.After(from) && now.Before(until) {
					measured.Add(1)
					h.add(now.Sub(began))
				}
			}
		}()
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	m := o.result(measured.Load(), all.Load()+int64(len(clients)), h)
	m["records_per_transaction"], m["clients"] = o.per, o.conns
	return m, nil
}
