using ClusterSession.Cli.Shell;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace ClusterSession.Cli.Output;

/// <summary>
/// Writes texts and tables that fit the terminal, with colour only where it is one.
/// </summary>
internal sealed class Page(Terminal terminal)
{
    /// <summary>Space between two columns.</summary>
    private const int Gap = 2;

    /// <summary>Below this, values are below their labels.</summary>
    private const int Narrow = 60;

    private readonly List<IRenderable> _parts = [];

    public bool IsNarrow => terminal.Width < Narrow;

    public void Text(string text, Color? colour = null, bool isBold = false) =>
        _parts.Add(new Text(text, StyleOf(colour, isBold)));

    public void Blank() => _parts.Add(new Text(" "));

    /// <summary>Lines of a label and a text each; the texts begin in one column.</summary>
    public void Pairs(IEnumerable<(string Label, string Text)> pairs, int indent = Gap)
    {
        var all = pairs.ToArray();
        if (all.Length == 0)
        {
            return;
        }

        if (IsNarrow)
        {
            foreach (var (label, text) in all)
            {
                _parts.Add(new Padder(new Text($"{label}: {text}"), new Padding(indent, 0, 0, 0)));
            }

            return;
        }

        var grid = new Grid { Expand = false };
        grid.AddColumn(new GridColumn { NoWrap = true, Padding = new Padding(indent, 0, Gap, 0) });
        grid.AddColumn(new GridColumn { Padding = new Padding(0, 0, 0, 0) });
        foreach (var (label, text) in all)
        {
            grid.AddRow(new Text(label, StyleOf(null, label.Length > 0)), new Text(text));
        }

        _parts.Add(grid);
    }

    /// <summary>A table; each row as lines where the terminal is too narrow for it.</summary>
    public void Table(IReadOnlyList<string> heads, IEnumerable<IReadOnlyList<(string Text, Color? Colour)>> rows)
    {
        if (IsNarrow)
        {
            foreach (var row in rows)
            {
                Text($"  {row[0].Text}", row[0].Colour, isBold: true);
                Pairs(heads.Zip(row).Skip(1).Select(cell => (cell.First, cell.Second.Text)), 2 * Gap);
            }

            return;
        }

        var table = new Table { Border = TableBorder.None, Expand = false };
        for (var i = 0; i < heads.Count; i++)
        {
            table.AddColumn(
                new TableColumn(new Text(heads[i], StyleOf(null, isBold: true)))
                {
                    NoWrap = i == 0,
                    Padding = new Padding(0, 0, Gap, 0),
                }
            );
        }

        foreach (var row in rows)
        {
            table.AddRow(row.Select(cell => new Text(cell.Text, StyleOf(cell.Colour, false))));
        }

        _parts.Add(new Padder(table, new Padding(Gap, 0, 0, 0)));
    }

    /// <summary>Writes everything, without blanks at the ends of lines.</summary>
    public async Task WriteAsync(TextWriter writer)
    {
        using var text = new StringWriter();
        var console = AnsiConsole.Create(
            new AnsiConsoleSettings
            {
                Ansi = terminal.HasColour ? AnsiSupport.Yes : AnsiSupport.No,
                ColorSystem = terminal.HasColour ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
                Interactive = InteractionSupport.No,
                Out = new AnsiConsoleOutput(text),
                Enrichment = new ProfileEnrichment { UseDefaultEnrichers = false },
            }
        );
        console.Profile.Width = terminal.Width;
        console.Profile.Capabilities.Unicode = false;
        console.Write(new Rows(_parts));
        var lines = text.ToString().Split('\n').Select(line => line.TrimEnd());
        await writer.WriteAsync(string.Join('\n', lines).TrimEnd('\n') + "\n").ConfigureAwait(false);
    }

    private static Style StyleOf(Color? colour, bool isBold) =>
        new(colour, decoration: isBold ? Decoration.Bold : Decoration.None);
}
