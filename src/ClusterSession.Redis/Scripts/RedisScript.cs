using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace ClusterSession.Redis.Scripts;

/// <summary>A Lua script of this assembly: its text, and the name the server knows it by once it has seen it.</summary>
internal sealed class RedisScript
{
    public static readonly RedisScript Commit = Load("commit.lua");
    public static readonly RedisScript Merge = Load("merge.lua");
    public static readonly RedisScript Destroy = Load("destroy.lua");
    public static readonly RedisScript Touch = Load("touch.lua");
    public static readonly RedisScript Read = Load("read.lua");
    public static readonly RedisScript List = Load("list.lua");
    public static readonly RedisScript ReadDocument = Load("document-read.lua");
    public static readonly RedisScript MergeDocument = Load("document-merge.lua");

    private readonly byte[] _body;
    private readonly byte[] _sha;

    [SuppressMessage(
        "Security",
        "CA5350",
        Justification = "SHA-1 is how Redis names scripts; nothing is protected by it."
    )]
    private RedisScript(byte[] body)
    {
        _body = body;
        _sha = Encoding.ASCII.GetBytes(Convert.ToHexStringLower(SHA1.HashData(body)));
    }

    /// <summary>The script as Lua text.</summary>
    public ReadOnlySpan<byte> Body => _body;

    /// <summary>Its SHA-1 in hexadecimal, for EVALSHA.</summary>
    public ReadOnlySpan<byte> Sha => _sha;

    /// <summary>A line of <c>--@name</c> stands for another file: what the scripts share.</summary>
    private static RedisScript Load(string name)
    {
        var lines = ReadText(name)
            .Split('\n')
            .Select(static line =>
                line.TrimStart().StartsWith("--@", StringComparison.Ordinal)
                    ? ReadText(line.Trim()[3..] + ".lua")
                    : line
            );
        return new RedisScript(Encoding.UTF8.GetBytes(string.Join('\n', lines)));
    }

    private static string ReadText(string name)
    {
        using var reader = new StreamReader(typeof(RedisScript).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}
