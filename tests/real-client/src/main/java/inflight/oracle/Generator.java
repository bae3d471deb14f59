package inflight.oracle;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/** Random scripts by category: a draw that shows nothing worth comparing is thrown away and drawn again. */
final class Generator {
    /** What a script is about; the letter starts its name. */
    enum Category { A_BATCHING, B_RETRY, C_IDEMPOTENT, D_LOST, E_LEADER, F_SPECIAL, G_CONTROL, H_MIXED, I_SETTINGS, J_EPOCHS, K_ANSWERS,
        L_TOPOLOGY, M_IDLE, N_REBOOTSTRAP, O_REFUSALS, P_CALLBACKS, Q_COMPRESSION, R_EXPIRY, S_ADAPTIVE, T_BUMPS }

    /** A script and what the client does with it. */
    record Drawn(ObjectNode script, ObjectNode transcript) { }

    private static final Set<Category> ALWAYS_WORTH_COMPARING = EnumSet.of(Category.A_BATCHING, Category.G_CONTROL,
        Category.K_ANSWERS, Category.L_TOPOLOGY, Category.M_IDLE, Category.N_REBOOTSTRAP, Category.P_CALLBACKS, Category.Q_COMPRESSION,
        Category.S_ADAPTIVE);
    private static final int MAX_DRAWS = 200;

    static int generate(long seed, int count, Path out) throws IOException {
        int written = 0;
        for (Category category : Category.values()) {
            for (int i = 0; i < count; i++) {
                Drawn drawn = draw(category, seed, i);
                Files.writeString(out.resolve(drawn.script.get("name").asText() + ".script.json"), Layout.script(drawn.script));
                written++;
            }
        }
        return written;
    }

    /** java.util.Random's first draws are alike for close seeds; so the seeds are spread. */
    private static long mix(long seed, long category, long index) {
        long x = seed * 0x9E3779B97F4A7C15L + category * 0xC2B2AE3D27D4EB4FL + index * 0x165667B19E3779F9L;
        x = (x ^ (x >>> 30)) * 0xBF58476D1CE4E5B9L;
        x = (x ^ (x >>> 27)) * 0x94D049BB133111EBL;
        return x ^ (x >>> 31);
    }

    /** The script of this number; the same seed, category and number always give the same. */
    static Drawn draw(Category category, long seed, int index) {
        String name = name(category, seed, index);
        Random random = new Random(mix(seed, category.ordinal(), index));
        for (int draws = 0; draws < MAX_DRAWS; draws++) {
            ObjectNode script = script(category, new ScriptBuilder(name, random));
            try {
                ObjectNode transcript = Run.transcriptOf(ScriptReader.script(script));
                if (isWorthComparing(category, transcript))
                    return new Drawn(script, transcript);
            } catch (OverwrittenBatch e) {
                continue; // there is no telling what the client sent
            } catch (OracleError | RuntimeException e) {
                throw new OracleError(name + ": " + e.getMessage(), e);
            }
        }
        throw new OracleError("no script for " + name + " in " + MAX_DRAWS + " draws");
    }

    private static String name(Category category, long seed, int index) {
        return category.name().toLowerCase(Locale.ROOT).replace('_', '-') + String.format("-%d-%03d", seed, index);
    }

    private static ObjectNode script(Category category, ScriptBuilder b) {
        return switch (category) {
            case A_BATCHING -> CategoriesAToJ.batching(b);
            case B_RETRY -> CategoriesAToJ.retry(b, false);
            case C_IDEMPOTENT -> CategoriesAToJ.retry(b, true);
            case D_LOST -> CategoriesAToJ.lost(b);
            case E_LEADER -> CategoriesAToJ.leader(b);
            case F_SPECIAL -> CategoriesAToJ.special(b);
            case G_CONTROL -> CategoriesAToJ.control(b);
            case H_MIXED -> CategoriesAToJ.mixed(b);
            case I_SETTINGS -> CategoriesAToJ.settings(b);
            case J_EPOCHS -> CategoriesAToJ.epochs(b);
            case K_ANSWERS -> CategoriesKToT.answers(b);
            case L_TOPOLOGY -> CategoriesKToT.topology(b);
            case M_IDLE -> CategoriesKToT.idle(b);
            case N_REBOOTSTRAP -> CategoriesKToT.rebootstrap(b);
            case O_REFUSALS -> CategoriesKToT.refusals(b);
            case P_CALLBACKS -> CategoriesKToT.callbacks(b);
            case Q_COMPRESSION -> CategoriesKToT.compression(b);
            case R_EXPIRY -> CategoriesKToT.expiry(b);
            case S_ADAPTIVE -> CategoriesKToT.adaptive(b);
            case T_BUMPS -> CategoriesKToT.bumps(b);
        };
    }

    private static boolean isWorthComparing(Category category, JsonNode transcript) {
        if (transcript.get("requests").size() < 2)
            return false;
        if (ALWAYS_WORTH_COMPARING.contains(category))
            return true;
        Map<Long, Integer> sendings = new HashMap<>();
        transcript.get("requests").forEach(r -> r.get("batches").forEach(b -> b.get("ids")
            .forEach(id -> sendings.merge(id.asLong(), 1, Integer::sum))));
        boolean resent = sendings.values().stream().anyMatch(n -> n > 1);
        boolean failed = false;
        for (JsonNode callback : transcript.get("callbacks"))
            failed |= callback.has("error");
        return resent || failed;
    }
}
