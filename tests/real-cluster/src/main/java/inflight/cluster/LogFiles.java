package inflight.cluster;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;

/** Takes the end of a dead broker's logs away, as a power loss takes what the page cache had not written. */
final class LogFiles {
    private static final int BATCH_HEADER_BYTES = 12;

    /** Keeps {@code records} records of every partition of these topics that the broker has. */
    static void cut(Path data, List<String> topics, int records) throws IOException {
        try (Stream<Path> folders = Files.list(data)) {
            for (Path folder : folders.filter(Files::isDirectory).toList()) {
                String name = folder.getFileName().toString();
                int dash = name.lastIndexOf('-');
                if (dash > 0 && topics.contains(name.substring(0, dash)))
                    cut(folder, records);
            }
        }
    }

    private static void cut(Path folder, int records) throws IOException {
        Path segment = folder.resolve("00000000000000000000.log");
        try (FileChannel file = FileChannel.open(segment, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer header = ByteBuffer.allocate(BATCH_HEADER_BYTES);
            long position = 0;
            while (position < file.size()) {
                header.clear();
                file.read(header, position);
                long baseOffset = header.getLong(0);
                if (baseOffset == records)
                    break;
                if (baseOffset > records)
                    throw new JudgeError("no batch of " + folder.getFileName() + " ends before record " + records);
                position += BATCH_HEADER_BYTES + header.getInt(Long.BYTES);
            }
            file.truncate(position);
        }
        deleteWhatIsMadeAgain(folder);
    }

    /** Indices and snapshots: recovery after a crash makes them from the log. */
    private static void deleteWhatIsMadeAgain(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList())
                if (file.toString().matches(".*\\.(index|timeindex|snapshot)"))
                    Files.delete(file);
        }
    }
}
