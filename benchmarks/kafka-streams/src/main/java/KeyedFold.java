import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/** The keyed fold: read the key's row, count, write the row, send one record. Settings and why: docs/benchmarks.md. */
public final class KeyedFold {
    private static final String ROWS = "rows";
    private static final ObjectMapper JSON = new ObjectMapper();

    private static final class Fold implements Processor<byte[], byte[], byte[], byte[]> {
        private ProcessorContext<byte[], byte[]> context;
        private KeyValueStore<byte[], byte[]> rows;

        @Override
        public void init(ProcessorContext<byte[], byte[]> given) {
            context = given;
            rows = given.getStateStore(ROWS);
        }

        @Override
        public void process(Record<byte[], byte[]> record) {
            try {
                JsonNode event = JSON.readTree(record.value());
                byte[] stored = rows.get(record.key());
                ObjectNode row = stored == null ? JSON.createObjectNode().put("n", 0) : (ObjectNode) JSON.readTree(stored);
                long n = row.get("n").asLong() + 1;
                long seq = event.get("seq").asLong();
                row.put("n", n).put("last", seq);
                rows.put(record.key(), JSON.writeValueAsBytes(row));
                ObjectNode out = JSON.createObjectNode();
                out.put("o", new String(record.key(), StandardCharsets.UTF_8)).put("n", n).put("seq", seq);
                context.forward(record.withValue(JSON.writeValueAsBytes(out)));
            } catch (IOException broken) {
                throw new UncheckedIOException(broken);
            }
        }
    }

    public static void main(String[] args) throws InterruptedException {
        Properties p = new Properties();
        p.put(StreamsConfig.APPLICATION_ID_CONFIG, env("FOLD_APP_ID"));
        p.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, env("FOLD_BOOTSTRAP"));
        p.put(StreamsConfig.STATE_DIR_CONFIG, env("FOLD_STATE"));
        p.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        p.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 100);
        p.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, System.getProperty("fold.threads", "1"));
        p.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
        p.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
        p.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), 2000);
        p.put(StreamsConfig.producerPrefix(ProducerConfig.COMPRESSION_TYPE_CONFIG), "lz4");
        p.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), 256 * 1024);

        Topology topology = new Topology();
        topology.addSource("in", Serdes.ByteArray().deserializer(), Serdes.ByteArray().deserializer(), env("FOLD_INPUT"));
        topology.addProcessor("fold", Fold::new, "in");
        topology.addStateStore(
            Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(ROWS), Serdes.ByteArray(), Serdes.ByteArray()).withCachingDisabled(),
            "fold");
        topology.addSink("out", env("FOLD_OUTPUT"), Serdes.ByteArray().serializer(), Serdes.ByteArray().serializer(), "fold");

        CountDownLatch ended = new CountDownLatch(1);
        KafkaStreams streams = new KafkaStreams(topology, p);
        streams.setUncaughtExceptionHandler(error -> {
            error.printStackTrace();
            Runtime.getRuntime().halt(1);
            return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            streams.close();
            ended.countDown();
        }));
        streams.start();
        ended.await();
    }

    private static String env(String name) {
        String value = System.getenv(name);
        if (value == null) {
            throw new IllegalStateException(name + " is not set: start this through `python -m benchmarks`");
        }
        return value;
    }
}
