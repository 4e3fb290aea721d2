using System.Globalization;
using ClusterSession.Histories;
using Microsoft.AspNetCore.Http;

namespace ClusterSession.ChaosNode;

/// <summary>
/// Executes operations on a session through the interfaces that every application uses.
/// </summary>
internal static class SessionOps
{
    public static async Task<Op> ExecuteAsync(ISession session, Op op)
    {
        switch (op.Kind)
        {
            case OpKind.Get:
                return Op.Get(op.Key!, session.GetString(op.Key!));
            case OpKind.Set or OpKind.Append:
                session.SetString(op.Key!, op.Value!);
                return op;
            case OpKind.List:
                return Op.List([
                    .. session.Keys.Where(IsEntry).Order(StringComparer.Ordinal).Select(key => session.GetString(key)!),
                ]);
            case OpKind.Remove:
                session.Remove(op.Key!);
                return op;
            case OpKind.Counter:
                var number = Number(session, op.Key!) + 1;
                session.SetString(op.Key!, number.ToString(CultureInfo.InvariantCulture));
                return Op.Counter(op.Key!, number);
            case OpKind.CounterRead:
                return Op.CounterRead(op.Key!, Number(session, op.Key!));
            case OpKind.Destroy when session is IClusterSession cluster:
                await cluster.DestroyAsync();
                return op;
            case OpKind.Destroy:
                session.Clear();
                return op;
            case OpKind.Renew when session is IClusterSession cluster:
                await cluster.RotateIdAsync();
                return op;
            default:
                throw new NotSupportedException($"{op.Kind} does not exist in this mode.");
        }
    }

    public static IReadOnlyDictionary<string, string> StateOf(ISession session) =>
        session.Keys.ToDictionary(key => key, key => session.GetString(key)!);

    private static bool IsEntry(string key) => key.StartsWith("e:", StringComparison.Ordinal);

    private static long Number(ISession session, string key) =>
        long.TryParse(session.GetString(key), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : 0;
}
