import java.util.Random;
import java.util.concurrent.TimeUnit;

import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.metrics.KafkaMetric;
import org.apache.kafka.common.metrics.MetricConfig;
import org.apache.kafka.common.metrics.Quota;
import org.apache.kafka.common.metrics.QuotaViolationException;
import org.apache.kafka.common.metrics.stats.Rate;
import org.apache.kafka.common.metrics.stats.TokenBucket;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.server.quota.QuotaUtils;

/** What Kafka's rates and token buckets measure, and for how long its brokers throttle: a transcript that the tests of kafka-broker play. */
public class QuotaCases {
    public static void main(String[] args) {
        Random random = new Random(Long.parseLong(args[0]));
        for (int i = 0; i < Integer.parseInt(args[1]); i++) {
            int count = 2 + random.nextInt(12);
            int seconds = 1 + random.nextInt(3);
            double limit = Math.rint(Math.pow(10, 1 + 4 * random.nextDouble()));
            MetricConfig config = new MetricConfig().timeWindow(seconds, TimeUnit.SECONDS).samples(count).quota(new Quota(limit, true));
            Rate rate = new Rate();
            TokenBucket bucket = new TokenBucket();
            KafkaMetric metric = new KafkaMetric(new Object(), new MetricName("r", "g", "", java.util.Map.of()), rate, config, Time.SYSTEM);
            long now = 1_700_000_000_000L;
            System.out.println("quota\t" + count + "\t" + seconds * 1000 + "\t" + limit);
            for (int step = 0; step < Integer.parseInt(args[2]); step++) {
                now += random.nextInt(8) == 0 ? random.nextInt(seconds * 1000 * (count + 2)) : random.nextInt(seconds * 700);
                double value = random.nextInt(20) == 0 ? limit * count * 3 * random.nextDouble() : limit * random.nextDouble();
                value = Math.rint(value);
                rate.record(config, value, now);
                double measured = rate.measure(config, now);
                long throttle = measured <= limit ? 0 : QuotaUtils.throttleTime(new QuotaViolationException(metric, measured, limit), now);
                System.out.println("rate\t" + now + "\t" + value + "\t" + measured + "\t" + throttle);
                bucket.record(config, value, now);
                double tokens = bucket.measure(config, now);
                System.out.println("bucket\t" + now + "\t" + value + "\t" + (tokens < 0 ? Math.round(-tokens / limit * 1000) : 0));
            }
        }
    }
}
